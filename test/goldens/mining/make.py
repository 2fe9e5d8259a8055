"""What sentence-transformers 6.2.0's mine_hard_negatives takes from given vectors: writes mining.json beside this file."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch
from datasets import Dataset
from sentence_transformers.util import cos_sim, mine_hard_negatives, pairwise_cos_sim

DIMS, ANCHORS, DOCUMENTS = 8, 12, 60
rng = np.random.default_rng(7)


def unit(rows):
    rows = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return rows.round(4).astype(np.float32)


documents = unit(rng.standard_normal((DOCUMENTS, DIMS)))
# Anchor i matches document i, and the first four anchors document 20 + i too.
pairs = [(i, i) for i in range(ANCHORS)] + [(i, 20 + i) for i in range(4)]
noise = rng.standard_normal((ANCHORS, DIMS))
anchors = unit(documents[:ANCHORS] + 0.25 * noise)

vectors = {f"a{i}": v for i, v in enumerate(anchors)} | {f"d{i}": v for i, v in enumerate(documents)}


def encode(texts, **_):
    return np.stack([vectors[text] for text in texts])


model = SimpleNamespace(
    device="cpu",
    model_card_data=SimpleNamespace(base_model=None),
    encode_query=encode,
    encode_document=encode,
    similarity=cos_sim,
    similarity_pairwise=pairwise_cos_sim,
)

# A range_max holds all documents, or nothing but the rank is looked at: otherwise an anchor with few positives is offered as many more
# documents as the anchor with most of them has more.
settings = {
    "the default": {},
    "a range": {"range_min": 3, "range_max": 9, "num_negatives": 4},
    "absolute margin": {"absolute_margin": 0.2, "range_max": 58},
    "relative margin": {"relative_margin": 0.05, "range_max": 58},
    "relative margin, then a range": {"relative_margin": 0.3, "range_min": 2, "range_max": 58, "num_negatives": 5},
    "highest and lowest score": {"max_score": 0.6, "min_score": -0.5, "range_max": 58},
    "all of them": {
        "absolute_margin": 0.1,
        "relative_margin": 0.2,
        "max_score": 0.55,
        "min_score": -0.9,
        "range_min": 1,
        "range_max": 58,
        "num_negatives": 2,
    },
}

cases = []
for name, options in settings.items():
    dataset = Dataset.from_dict({"anchor": [f"a{i}" for i, _ in pairs], "positive": [f"d{j}" for _, j in pairs]})
    mined = mine_hard_negatives(
        dataset,
        model,
        corpus=[f"d{i}" for i in range(DOCUMENTS)],
        output_format="n-tuple",
        output_scores=True,
        verbose=False,
        **options,
    )
    rows = [
        {
            "anchor": row["anchor"],
            "positive": row["positive"],
            "negatives": [row[f"negative_{i + 1}"] for i in range(options.get("num_negatives", 3))],
            "scores": [round(score, 6) for score in row["scores"]],
        }
        for row in mined
    ]
    assert len(rows) > len(pairs) / 2, (name, len(rows))
    cases.append({"name": name, "options": options, "rows": rows})

golden = {
    "made_by": "sentence-transformers 6.2.0 mine_hard_negatives, make.py",
    "vectors": {name: [round(float(x), 4) for x in row] for name, row in vectors.items()},
    "pairs": [[f"a{i}", f"d{j}"] for i, j in pairs],
    "cases": cases,
}
Path(__file__).with_name("mining.json").write_text(json.dumps(golden, indent=None, separators=(",", ":")) + "\n")
