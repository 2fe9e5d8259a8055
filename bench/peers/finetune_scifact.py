"""sentence-transformers' recipe for pairs, step by step: its model, its MultipleNegativesRankingLoss, dropout on."""

import time

import sentence_transformers
import torch
from protocol import serve
from schedule import Schedule
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss
from sentence_transformers.util import semantic_search

state = {}


def open_(model, max_tokens, scale, seed, **schedule):
    torch.manual_seed(seed)
    encoder = SentenceTransformer(model, device="cpu", local_files_only=True)
    encoder.max_seq_length = max_tokens
    state.update(
        encoder=encoder,
        loss=MultipleNegativesRankingLoss(encoder, scale=scale),
        schedule=Schedule(encoder.parameters(), **schedule),
    )
    return {
        "name": f"sentence-transformers {sentence_transformers.__version__}, "
        f"PyTorch {torch.__version__.split('+')[0]} float32",
        "threads": torch.get_num_threads(),
    }


def step(anchors, positives):
    """One batch. Texts become token ids before the clock starts, as they do on our side."""
    encoder = state["encoder"].train()
    features = [encoder.preprocess(column) for column in (anchors, positives)]
    tokens = sum(int(column["attention_mask"].sum()) for column in features)
    start = time.perf_counter()
    loss = state["schedule"].descend(state["loss"](features, None))
    return {"ms": (time.perf_counter() - start) * 1000, "loss": loss, "tokens": tokens}


def rank(queries, documents, k):
    """The `k` documents nearest to each query by exact cosine, as row numbers."""
    encoder = state["encoder"].eval()
    found = semantic_search(
        encoder.encode_query(queries, convert_to_tensor=True),
        encoder.encode_document(documents, convert_to_tensor=True),
        top_k=k,
    )
    return {"rankings": [[hit["corpus_id"] for hit in hits] for hits in found]}


serve(open=open_, step=step, rank=rank)
