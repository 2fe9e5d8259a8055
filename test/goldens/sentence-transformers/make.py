"""Writes tiny folders with sentence-transformers, and beside each its vectors. Needs sentence-transformers (no part of the project's tests).

Run in this folder: python make.py
"""

import json
import shutil
from pathlib import Path

import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import (
    Dense,
    LayerNorm,
    Normalize,
    Pooling,
    Router,
    StaticEmbedding,
    Transformer,
)
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from tokenizers.trainers import WordPieceTrainer
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

HERE = Path(__file__).parent
WIDTH = 16
TEXTS = [
    "a quick brown fox",
    "Dogs and foxes run; the fox is quick.",
    "brown",
    "THE dog sleeps",
    "the fox and the dog and the fox and the dog and the fox and the dog and the fox and the dog",
    "naïve café",
]
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
PROMPTS = {"query": "find a fox: ", "document": "dog. "}


def tokenizer(lowercase: bool = True, vocab_size: int = 90) -> Tokenizer:
    made = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    made.normalizer = normalizers.BertNormalizer(lowercase=True) if lowercase else None
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    corpus = TEXTS + list(PROMPTS.values())
    made.train_from_iterator(
        corpus if lowercase else [text.lower() for text in corpus],
        WordPieceTrainer(vocab_size=vocab_size, special_tokens=SPECIAL, show_progress=False),
    )
    made.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[(token, made.token_to_id(token)) for token in ("[CLS]", "[SEP]")],
    )
    return made


def transformer(seed: int, *, lowercase: bool = True, max_tokens: int = 40, **options) -> Transformer:
    """A random BERT of one layer, through the folder that transformers writes of it."""
    torch.manual_seed(seed)
    words = tokenizer(lowercase)
    config = BertConfig(
        vocab_size=words.get_vocab_size(),
        hidden_size=WIDTH,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=24,
        max_position_embeddings=40,
        initializer_range=0.5,
    )
    folder = HERE / "temporary"
    BertModel(config, add_pooling_layer=False).eval().save_pretrained(folder)
    names = {"unk_token": "[UNK]", "pad_token": "[PAD]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    PreTrainedTokenizerFast(tokenizer_object=words, model_max_length=max_tokens, **names).save_pretrained(folder)
    made = Transformer(str(folder), **options)
    shutil.rmtree(folder)
    return made


def randomize(*modules: torch.nn.Module) -> tuple[torch.nn.Module, ...]:
    """Norms begin as 1 and 0, which would hide a mistake."""
    for module in modules:
        for parameter in module.parameters():
            torch.nn.init.normal_(parameter, std=0.5)
    return modules


def static(seed: int) -> StaticEmbedding:
    torch.manual_seed(seed)
    words = tokenizer()
    return StaticEmbedding(words, embedding_weights=torch.randn(words.get_vocab_size(), WIDTH))


def model(*modules: torch.nn.Module, **options) -> SentenceTransformer:
    return SentenceTransformer(modules=list(modules), device="cpu", **options)


def make_dense() -> SentenceTransformer:
    dense = Dense(WIDTH, 8, activation_function=torch.nn.Tanh())
    return model(transformer(1, max_tokens=12), Pooling(WIDTH, "mean"), *randomize(dense), Normalize())


def make_chain() -> SentenceTransformer:
    layers = randomize(
        LayerNorm(3 * WIDTH),
        Dense(3 * WIDTH, 24, bias=False, activation_function=torch.nn.GELU()),
        Dense(24, 24, activation_function=torch.nn.Identity(), use_residual=True),
        Dense(24, 20, activation_function=torch.nn.ReLU(), use_residual=True),
    )
    return model(transformer(2), Pooling(WIDTH, ("max", "weightedmean", "cls")), *layers, similarity_fn_name="dot")


def make_no_prompt() -> SentenceTransformer:
    pooling = Pooling(WIDTH, ("mean", "lasttoken", "max"), include_prompt=False)
    return model(transformer(3), pooling, Normalize(), prompts=PROMPTS)


def make_static() -> SentenceTransformer:
    return model(static(4), *randomize(Dense(WIDTH, 12, bias=False, activation_function=torch.nn.Sigmoid())), Normalize())


def make_router() -> SentenceTransformer:
    """A cheap tower for queries, a better one for documents."""
    documents = [transformer(5), Pooling(WIDTH, "cls"), *randomize(Dense(WIDTH, WIDTH, activation_function=torch.nn.SiLU()))]
    return model(Router.for_query_document([static(6)], documents), Normalize(), prompts=PROMPTS)


def make_router_shared() -> SentenceTransformer:
    """One transformer, and a dense layer of its own for each role."""
    shared = [transformer(7), Pooling(WIDTH, "mean")]
    query, document = randomize(Dense(WIDTH, 8), Dense(WIDTH, 8))
    return model(Router.for_query_document([*shared, query], [*shared, document]))


def make_asym() -> SentenceTransformer:
    """As releases before 5.0 knew it: after the pooling."""
    query, document = randomize(Dense(WIDTH, 8), Dense(WIDTH, 8))
    return model(transformer(8), Pooling(WIDTH, "mean"), Router({"query": [query], "document": [document]}))


def make_old() -> SentenceTransformer:
    return model(
        transformer(9, lowercase=False, do_lower_case=True),
        Pooling(WIDTH, ("cls", "mean")),
        *randomize(Dense(2 * WIDTH, 8)),
        Normalize(),
    )


def make_sharded() -> SentenceTransformer:
    return model(transformer(10), Pooling(WIDTH, "mean"), Normalize())


def edit(path: Path, change) -> None:
    content = change(json.loads(path.read_text()))
    path.write_text(json.dumps(content, indent=2) + "\n")


def old_types(modules: list[dict]) -> list[dict]:
    for module in modules:
        name = module["type"].rsplit(".", 1)[-1]
        module["type"] = f"sentence_transformers.models.{'Asym' if name == 'Router' else name}"
    return modules


def age_old(folder: Path) -> None:
    """The files of release 2.2."""
    edit(folder / "modules.json", old_types)
    edit(folder / "sentence_bert_config.json", lambda _: {"max_seq_length": 12, "do_lower_case": True})
    kinds = {"cls_token": True, "mean_tokens": True, "max_tokens": False, "mean_sqrt_len_tokens": False}
    pooling = {"word_embedding_dimension": WIDTH, **{f"pooling_mode_{kind}": on for kind, on in kinds.items()}}
    edit(folder / "1_Pooling/config.json", lambda _: pooling)
    keys = ["in_features", "out_features", "bias", "activation_function"]
    edit(folder / "2_Dense/config.json", lambda json: {key: json[key] for key in keys})
    (folder / "config_sentence_transformers.json").unlink()


def age_asym(folder: Path) -> None:
    """The files of release 3: the router's settings in config.json."""
    edit(folder / "modules.json", old_types)
    router = next(folder.glob("2_*"))
    (router / "router_config.json").rename(router / "config.json")
    edit(router / "config.json", lambda json: {**json, "parameters": {"allow_empty_key": True}})


def shard(folder: Path) -> None:
    """The transformer once more, in bfloat16 and in parts."""
    made = BertModel.from_pretrained(folder, add_pooling_layer=False).to(torch.bfloat16)
    (folder / "model.safetensors").unlink()
    made.save_pretrained(folder, max_shard_size="4KB")


def main() -> None:
    after = {"old": age_old, "asym": age_asym, "sharded": shard}
    for name, make in [(key[5:], value) for key, value in globals().items() if key.startswith("make_")]:
        folder = HERE / name.replace("_", "-")
        shutil.rmtree(folder, ignore_errors=True)
        torch.manual_seed(0)
        make().save(str(folder), create_model_card=False)
        after.get(name, lambda _: None)(folder)
        made = SentenceTransformer(str(folder), device="cpu", local_files_only=True, model_kwargs={"dtype": torch.float32})
        vectors = {"document": made.encode_document, "query": made.encode_query}
        expected = {
            "texts": TEXTS,
            "similarity": made.similarity_fn_name,
            **{role: [[float(f"{x:.7g}") for x in row] for row in encode(TEXTS)] for role, encode in vectors.items()},
        }
        folder.with_suffix(".json").write_text(json.dumps(expected) + "\n")
        print(name, len(expected["query"][0]), sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()))


if __name__ == "__main__":
    main()
