"""Writes the checkpoints of models/ that try rules of an encoder's config which the others leave at their defaults, each with the gradient of
every parameter: biases, padding ids inside texts, heads of another width than hidden_size / heads, other gates, few and odd buckets.
Run in this folder; needs torch, transformers 5, safetensors (no part of the project's tests)."""

import json
import shutil
from pathlib import Path

import torch
import torch.nn.functional as F
import transformers as t
from safetensors.torch import save_file

LENGTHS = [1, 3, 7, 16, 40]
PAIRS = [5, 24, 12, 3, 7, 20, 16, 2]
VOCAB = 96
common = dict(vocab_size=VOCAB, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=24)
padded = dict(common, max_position_embeddings=48, pad_token_id=1, layer_norm_eps=1e-5)
# name: model, config class, config, seed, the older spelling's own keys
specs = {
    "distilbert-relu": (
        t.DistilBertModel, t.DistilBertConfig,
        dict(vocab_size=VOCAB, dim=16, hidden_dim=24, n_layers=2, n_heads=2, max_position_embeddings=48, activation="relu"), 301, None,
    ),
    "roberta-pads": (t.RobertaModel, t.RobertaConfig, dict(padded, type_vocab_size=2, pad_token_id=3), 302, None),
    "mpnet-pads": (t.MPNetModel, t.MPNetConfig, padded, 303, None),
    "nomic-bert-heads": (
        t.NomicBertModel, t.NomicBertConfig,
        dict(common, head_dim=6, hidden_act="gelu", layer_norm_eps=1e-5, rope_parameters={"rope_type": "default", "rope_theta": 50.0}),
        304, dict(rope_theta=50.0),
    ),
    "modernbert-biases": (
        t.ModernBertModel, t.ModernBertConfig,
        dict(common, num_hidden_layers=3, max_position_embeddings=64, pad_token_id=0, bos_token_id=1, eos_token_id=2, cls_token_id=1, sep_token_id=2,
             attention_bias=True, mlp_bias=True, norm_bias=True, norm_eps=1e-4, hidden_activation="silu", local_attention=5,
             layer_types=["full_attention", "sliding_attention", "full_attention"],
             rope_parameters={"full_attention": {"rope_type": "default", "rope_theta": 300.0},
                              "sliding_attention": {"rope_type": "default", "rope_theta": 20.0}}),
        305, dict(global_rope_theta=300.0, local_rope_theta=20.0, global_attn_every_n_layers=2),
    ),
    "t5-buckets": (
        t.T5EncoderModel, t.T5Config,
        dict(vocab_size=VOCAB, d_model=16, d_kv=5, d_ff=24, num_layers=2, num_heads=3, feed_forward_proj="gated-silu",
             relative_attention_num_buckets=11, relative_attention_max_distance=9),
        306, None,
    ),
}


def batch(lengths, g, pad, inside):
    """Random ids, without the padding id or with one in four of it; the first is never it."""
    ids, mask = torch.full((len(lengths), max(lengths)), pad), torch.zeros(len(lengths), max(lengths), dtype=torch.int64)
    for i, n in enumerate(lengths):
        text = torch.randint(5, VOCAB, (n,), generator=g)
        if inside:
            text[1:] = torch.where(torch.rand(n - 1, generator=g) < 0.25, pad, text[1:])
        ids[i, :n], mask[i, :n] = text, 1
    return ids, mask


def states(model, ids, mask):
    return model(input_ids=ids, attention_mask=mask).last_hidden_state.masked_fill(mask.unsqueeze(-1) == 0, 0.0)


def mean(h, mask):
    return h.sum(1) / mask.sum(1, keepdim=True)


def save(tensors, path):
    save_file({key: v.contiguous() for key, v in tensors.items()}, str(path), metadata={"format": "pt"})


def write(facts, path):
    path.write_text(json.dumps(facts, indent=1) + "\n")


@torch.no_grad()
def fill(model, g):
    for key, p in sorted(model.named_parameters()):
        norm = p.dim() == 1 and key.endswith("weight")
        wide = any(part in key for part in ("embed", "shared", "relative"))
        p.copy_((1.0 if norm else 0.0) + (0.3 if p.dim() == 1 else 0.6 if wide else 0.25) * torch.randn(p.shape, generator=g))
    return model.eval()


def make(name, model_class, config_class, settings, seed, legacy):
    folder = Path("models") / name
    shutil.rmtree(folder, ignore_errors=True)
    g = torch.Generator().manual_seed(seed)
    config = config_class(**settings, attn_implementation="eager")
    model = fill(model_class(config), g)
    model.save_pretrained(str(folder))
    pad = config.pad_token_id or 0
    ids, mask = batch(LENGTHS, g, pad, name.endswith("-pads"))
    with torch.no_grad():
        h = states(model, ids, mask)
        again = model_class.from_pretrained(str(folder), attn_implementation="eager").eval()
        assert torch.equal(states(again, ids, mask), h), name
        if legacy is not None:
            old = json.loads((folder / "config.json").read_text())
            for key in ("rope_parameters", "layer_types", "dtype"):
                old.pop(key, None)
            old |= dict(legacy, torch_dtype="float32", transformers_version="4.51.0")
            write(old, folder / "config.legacy.json")
            older = model_class(config_class.from_dict(dict(old, attn_implementation="eager"))).eval()
            older.load_state_dict(model.state_dict())
            assert torch.equal(states(older, ids, mask), h), (name, "older spelling")
    last = h[torch.arange(len(h)), mask.sum(1) - 1]
    pools = {"mean": mean(h, mask), "cls": h[:, 0], "last": last}
    unit = {f"{key}_normalized": F.normalize(v, dim=-1) for key, v in pools.items()}
    save({"input_ids": ids, "attention_mask": mask, "last_hidden_state": h, **pools, **unit}, folder / "golden.safetensors")
    facts = {"architecture": model_class.__name__, "pooling": "mean", "seed": seed, "attention": "eager", "lengths": LENGTHS, "padding": "right"}
    write(facts, folder / "golden.json")

    ids, mask = batch(PAIRS, g, pad, False)
    emb = F.normalize(mean(states(model, ids, mask), mask), dim=-1)
    loss = F.cross_entropy(emb[:4] @ emb[4:].T / 0.05, torch.arange(4))
    loss.backward()
    # Saved as a model is, so that they have its names in the file.
    carrier = model_class(config)
    grads = {key: torch.zeros_like(p) if p.grad is None else p.grad for key, p in model.named_parameters()}
    carrier.load_state_dict(grads, strict=False)
    carrier.save_pretrained(str(folder / "grads"))
    shutil.move(folder / "grads" / "model.safetensors", folder / "grads.safetensors")
    shutil.rmtree(folder / "grads")
    save({"input_ids": ids, "attention_mask": mask}, folder / "grads_io.safetensors")
    largest = max(float(x.abs().max()) for x in grads.values())
    write({"loss": loss.item(), "lengths": PAIRS, "gradient_abs_max": largest}, folder / "grads.json")
    print(name, loss.item(), largest)


for name, spec in specs.items():
    make(name, *spec)
