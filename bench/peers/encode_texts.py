"""sentence-transformers in float32, from texts to unit vectors; it sorts by length itself."""

import base64
import time

import sentence_transformers
from protocol import serve
from sentence_transformers import SentenceTransformer

state = {}


def open_(folder, texts, maxTokens, dtype):
    model = SentenceTransformer(folder, device="cpu")
    model.max_seq_length = maxTokens
    state.update(model=model, texts=texts)
    return {"name": f"sentence-transformers {sentence_transformers.__version__}"}


def encode(batchSize, sorted=True, sample=None):
    texts = state["texts"]
    count = sample or len(texts)
    given = [texts[i * len(texts) // count] for i in range(count)]
    start = time.perf_counter()
    state["vectors"] = state["model"].encode(given, batch_size=batchSize, normalize_embeddings=True)
    return {"ms": (time.perf_counter() - start) * 1000}


def vectors():
    return {"base64": base64.b64encode(state["vectors"].tobytes()).decode()}


serve(open=open_, encode=encode, vectors=vectors)
