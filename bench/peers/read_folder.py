"""A model's folder as Python's tools read it: sentence-transformers, PEFT, transformers' tokenizers, onnxruntime and ONNX's checker."""

import logging
import warnings
from functools import lru_cache
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import peft
import sentence_transformers
import transformers
from check_onnx import check
from protocol import serve
from sentence_transformers import SentenceTransformer

logging.getLogger("transformers").setLevel(logging.ERROR)


@lru_cache(maxsize=1)
def open_model(folder, adapter):
    with warnings.catch_warnings():
        warnings.simplefilter("error", FutureWarning)
        model = SentenceTransformer(folder, device="cpu", local_files_only=True)
    if adapter is not None:
        model[0].auto_model = peft.PeftModel.from_pretrained(model[0].auto_model, adapter)
    return model


@lru_cache(maxsize=1)
def open_onnx(folder):
    path = Path(folder) / "onnx" / "model.onnx"
    return onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])


@lru_cache(maxsize=1)
def open_tokenizer(folder):
    return transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True)


def names():
    return {
        "encode": f"sentence-transformers {sentence_transformers.__version__}",
        "peft": f"PEFT {peft.__version__}, adapter on its base",
        "run": f"onnxruntime {onnxruntime.__version__}",
        "tokenize": f"transformers {transformers.__version__}, AutoTokenizer",
        "check": f"onnx {onnx.__version__}, checker",
    }


def encode(folder, texts, role, adapter=None):
    """Alone, nothing is padded: then transformers may do without a mask, which is another path through its attention."""
    model = open_model(folder, adapter)
    call = {"document": model.encode_document, "query": model.encode_query}[role]
    sizes = {"in batches": 32, "one by one": 1}
    return {way: call(texts, batch_size=size).tolist() for way, size in sizes.items()}


def tokenize(folder, texts):
    tokenizer = open_tokenizer(folder)
    return {"ids": tokenizer(texts, truncation=True)["input_ids"]}


def run(folder, texts):
    """The bare graph, on the ids of transformers' tokenizer."""
    tokenizer, session = open_tokenizer(folder), open_onnx(folder)

    def vectors(batch, side):
        fed = tokenizer(batch, padding=True, truncation=True, padding_side=side, return_tensors="np")
        inputs = {given.name: fed[given.name].astype(np.int64) for given in session.get_inputs()}
        return session.run(["sentence_embedding"], inputs)[0].tolist()

    return {
        "padded on the right": vectors(texts, "right"),
        "padded on the left": vectors(texts, "left"),
        "one by one": [vectors([text], "right")[0] for text in texts],
    }


def check_graph(folder):
    return {"figure": check(Path(folder) / "onnx" / "model.onnx")}


serve(names=names, encode=encode, run=run, tokenize=tokenize, check=check_graph)
