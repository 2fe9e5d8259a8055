"""Writes the checkpoints of models/ that try one rule of a decoder's config each: windows that is_causal: false turns to both sides, layers that
slide from one on, biases, a scaled rope. Run in this folder; needs torch, transformers 5, safetensors (no part of the project's tests)."""

import json
import shutil
from pathlib import Path

import torch
import torch.nn.functional as F
import transformers as t
from safetensors.torch import save_file

LENGTHS = [1, 3, 7, 16, 40]
VOCAB = 96
common = dict(
    vocab_size=VOCAB, hidden_size=16, num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=2, head_dim=8,
    intermediate_size=24, max_position_embeddings=64, pad_token_id=0, bos_token_id=1, eos_token_id=2, rms_norm_eps=1e-6,
)
default = {"rope_type": "default", "rope_theta": 1e4}
linear = {"rope_type": "linear", "rope_theta": 1e6, "factor": 8.0}
sliding = ["sliding_attention", "sliding_attention", "full_attention"]
# name: model, config class, config, pooling, seed, the older spelling's own keys
specs = {
    "mistral-both-sides": (
        t.MistralModel, t.MistralConfig, dict(common, sliding_window=5, is_causal=False, rope_parameters=default), "mean", 201,
        dict(rope_theta=1e4),
    ),
    "qwen3-windows": (
        t.Qwen3Model, t.Qwen3Config,
        dict(common, use_sliding_window=True, sliding_window=4, max_window_layers=1, attention_bias=True,
             rope_parameters=dict(linear, factor=2.0), tie_word_embeddings=True),
        "last", 202, dict(rope_theta=1e6, rope_scaling={"type": "linear", "factor": 2.0}),
    ),
    "gemma3-both-sides": (
        t.Gemma3TextModel, t.Gemma3TextConfig,
        dict(common, sliding_window=5, is_causal=False, use_bidirectional_attention=True, query_pre_attn_scalar=12, layer_types=sliding,
             rope_parameters={"full_attention": linear, "sliding_attention": default}),
        "mean", 203,
        dict(rope_theta=1e6, rope_local_base_freq=1e4, sliding_window_pattern=3, rope_scaling={"rope_type": "linear", "factor": 8.0}),
    ),
}


@torch.no_grad()
def states(model, ids, mask):
    return model(input_ids=ids, attention_mask=mask).last_hidden_state.masked_fill(mask.unsqueeze(-1) == 0, 0.0)


@torch.no_grad()
def make(name, model_class, config_class, settings, pooling, seed, legacy):
    folder = Path("models") / name
    shutil.rmtree(folder, ignore_errors=True)
    g = torch.Generator().manual_seed(seed)
    model = model_class(config_class(**settings, attn_implementation="eager")).eval()
    for key, p in sorted(model.named_parameters()):
        norm = p.dim() == 1 and key.endswith("weight")
        center = 1.0 if norm and "gemma3" not in name else 0.0
        p.copy_(center + (0.3 if p.dim() == 1 else 0.5 if "embed" in key else 0.25) * torch.randn(p.shape, generator=g))
    model.save_pretrained(str(folder))
    ids, mask = torch.zeros(len(LENGTHS), max(LENGTHS), dtype=torch.int64), torch.zeros(len(LENGTHS), max(LENGTHS), dtype=torch.int64)
    for i, n in enumerate(LENGTHS):
        ids[i, :n], mask[i, :n] = torch.randint(3, VOCAB, (n,), generator=g), 1
    h = states(model, ids, mask)
    again = model_class.from_pretrained(str(folder), attn_implementation="eager").eval()
    assert torch.equal(states(again, ids, mask), h), name
    old = json.loads((folder / "config.json").read_text())
    for key in ("rope_parameters", "layer_types", "dtype", "_sliding_window_pattern"):
        old.pop(key, None)
    old |= dict(legacy, torch_dtype="float32", transformers_version="4.51.0")
    (folder / "config.legacy.json").write_text(json.dumps(old, indent=1) + "\n")
    older = model_class(config_class.from_dict(dict(old, attn_implementation="eager"))).eval()
    older.load_state_dict(model.state_dict())
    assert torch.equal(states(older, ids, mask), h), (name, "older spelling")
    last = h[torch.arange(len(h)), mask.sum(1) - 1]
    pools = {"mean": h.sum(1) / mask.sum(1, keepdim=True), "cls": h[:, 0], "last": last}
    unit = {f"{key}_normalized": F.normalize(v, dim=-1) for key, v in pools.items()}
    tensors = {"input_ids": ids, "attention_mask": mask, "last_hidden_state": h, **pools, **unit}
    save_file({key: v.contiguous() for key, v in tensors.items()}, str(folder / "golden.safetensors"), metadata={"format": "pt"})
    facts = {"architecture": model_class.__name__, "pooling": pooling, "seed": seed, "attention": "eager", "lengths": LENGTHS, "padding": "right"}
    (folder / "golden.json").write_text(json.dumps(facts, indent=1) + "\n")


for name, spec in specs.items():
    make(name, *spec)
