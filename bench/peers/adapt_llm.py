"""A decoder LLM adapted by contrastive learning in PyTorch: transformers' model, PEFT's LoRA, mean pooling, float32."""

import re
import resource
import time
from pathlib import Path

import peft
import torch
import torch.nn.functional as F
import transformers
from protocol import serve
from schedule import Schedule

state = {}


def open_(model, lora, max_tokens, temperature, attention, seed, **schedule):
    """`lora` is what PEFT's LoraConfig takes; `attention` is transformers' implementation of it."""
    torch.manual_seed(seed)
    base = transformers.AutoModel.from_pretrained(
        model, dtype=torch.float32, attn_implementation=attention, local_files_only=True
    )
    base.config.use_cache = False
    adapted = peft.get_peft_model(base, peft.LoraConfig(task_type="FEATURE_EXTRACTION", **lora))
    state.update(
        model=adapted,
        tokenizer=transformers.AutoTokenizer.from_pretrained(model, padding_side="right", local_files_only=True),
        max_tokens=max_tokens,
        temperature=temperature,
        schedule=Schedule(adapted.parameters(), **schedule),
    )
    trained, _ = adapted.get_nb_trainable_parameters()
    return {
        "name": f"PyTorch {torch.__version__.split('+')[0]} + PEFT {peft.__version__} float32, {attention} attention",
        "threads": torch.get_num_threads(),
        "trained": trained,
    }


def tokenize(texts):
    return state["tokenizer"](
        texts, padding=True, truncation=True, max_length=state["max_tokens"], return_tensors="pt"
    )


def embed(batch):
    """Causal attention, mean of the real tokens, unit length: `[B, D]`."""
    hidden = state["model"](input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).last_hidden_state
    mask = batch["attention_mask"].unsqueeze(-1)
    return F.normalize((hidden * mask).sum(1) / mask.sum(1), dim=-1)


def step(anchors, positives):
    """One batch, in one pass: symmetric InfoNCE. Texts become token ids before the clock starts, as on our side."""
    state["model"].train()
    batch = tokenize(anchors + positives)
    tokens = int(batch["attention_mask"].sum())
    start = time.perf_counter()
    a, p = embed(batch).chunk(2)
    scores = a @ p.T / state["temperature"]
    own = torch.arange(len(scores))
    loss = state["schedule"].descend((F.cross_entropy(scores, own) + F.cross_entropy(scores.T, own)) / 2)
    return {"ms": (time.perf_counter() - start) * 1000, "loss": loss, "tokens": tokens}


@torch.inference_mode()
def cosines(pairs, batch_size=32):
    """The cosine of each pair of texts; texts of like length go through together."""
    state["model"].eval()
    texts = [text for pair in pairs for text in pair]
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
    vectors = [None] * len(texts)
    for start in range(0, len(order), batch_size):
        rows = order[start : start + batch_size]
        for row, vector in zip(rows, embed(tokenize([texts[row] for row in rows]))):
            vectors[row] = vector
    both = torch.stack(vectors).view(len(pairs), 2, -1)
    return {"cosines": (both[:, 0] * both[:, 1]).sum(-1).tolist()}


def memory():
    """The most that was resident so far. Linux's ru_maxrss would start at that of the process which started this one."""
    status = Path("/proc/self/status")
    if status.exists():
        peak = int(re.search(r"VmHWM:\s+(\d+) kB", status.read_text())[1]) * 1024
    else:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"peakMb": peak / 1e6}


serve(open=open_, step=step, cosines=cosines, memory=memory)
