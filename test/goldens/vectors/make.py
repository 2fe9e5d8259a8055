"""What sentence-transformers 6.2.0's quantize_embeddings and search make of given vectors: writes quantized.json beside this file."""

import json
from pathlib import Path

import numpy as np
from sentence_transformers.util.quantization import _dequantize_embeddings, quantize_embeddings

DIMS, ROWS, QUERIES = 40, 60, 5
rng = np.random.default_rng(11)


def unit(rows):
    rows = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return rows.astype(np.float32)


spread = rng.uniform(0.3, 2, DIMS)
documents = unit(rng.standard_normal((ROWS, DIMS)) * spread + 0.2)
queries = unit(rng.standard_normal((QUERIES, DIMS)) * spread + 0.2)
ranges = np.vstack((documents.min(axis=0), documents.max(axis=0)))
int8 = quantize_embeddings(documents, precision="int8", ranges=ranges)
ubinary = quantize_embeddings(documents, precision="ubinary")
asked = quantize_embeddings(queries, precision="ubinary")
bits, asked_bits = (np.unpackbits(codes, axis=-1)[:, :DIMS] for codes in (ubinary, asked))
out = {
    "dims": DIMS,
    "documents": documents.flatten().tolist(),
    "queries": queries.flatten().tolist(),
    "ranges": ranges.tolist(),
    "int8": int8.flatten().tolist(),
    # As semantic_search_usearch rescores: the float query with what the codes stand for.
    "int8_scores": (queries.astype(np.float64) @ _dequantize_embeddings(int8, "int8", ranges).T).flatten().tolist(),
    "ubinary": ubinary.flatten().tolist(),
    "hamming": (asked_bits[:, None, :] != bits[None]).sum(-1).flatten().tolist(),
    # As semantic_search_faiss rescores bits: the float query with zeros and ones.
    "binary_scores": (queries.astype(np.float64) @ bits.T).flatten().tolist(),
}
Path(__file__).with_name("quantized.json").write_text(json.dumps(out))
