"""A training step in PyTorch: transformers' BertModel, mean pooling, InfoNCE over pairs, fused AdamW; no dropout."""

import contextlib
import time

import torch
import torch.nn.functional as F
import transformers
from protocol import serve

state = {}


def open_(model, sequences, rate, dtype, attention):
    """Loads the model; `sequences` are anchors, then positives, padded to the longest."""
    bert = transformers.BertModel.from_pretrained(
        model, add_pooling_layer=False, attn_implementation=attention, dtype=torch.float32
    ).train()
    ids = torch.nn.utils.rnn.pad_sequence([torch.tensor(s) for s in sequences], batch_first=True)
    lengths = torch.tensor([len(s) for s in sequences])
    mask = (torch.arange(ids.shape[1]) < lengths[:, None]).long()
    state.update(
        bert=bert,
        optimizer=torch.optim.AdamW(bert.parameters(), lr=rate, weight_decay=0.01, fused=True),
        ids=ids,
        mask=mask,
        # Without padding there is nothing to mask, and the peer is spared the work.
        attention_mask=None if mask.all() else mask,
        autocast=torch.autocast("cpu", torch.bfloat16) if dtype == "bfloat16" else contextlib.nullcontext(),
    )
    return {
        "name": f"PyTorch {torch.__version__.split('+')[0]} {dtype}{' autocast' if dtype == 'bfloat16' else ''}, "
        f"{attention} attention, fused AdamW",
        "threads": torch.get_num_threads(),
    }


def step():
    start = time.perf_counter()
    with state["autocast"]:
        hidden = state["bert"](input_ids=state["ids"], attention_mask=state["attention_mask"]).last_hidden_state
    mask = state["mask"].unsqueeze(-1).to(hidden.dtype)
    pooled = F.normalize((hidden * mask).sum(1).float() / mask.sum(1), dim=-1)
    anchors, positives = pooled.chunk(2)
    loss = F.cross_entropy(anchors @ positives.T / 0.05, torch.arange(len(anchors)))
    loss.backward()
    state["optimizer"].step()
    state["optimizer"].zero_grad(set_to_none=True)
    value = loss.item()
    return {"ms": (time.perf_counter() - start) * 1000, "loss": value}


serve(open=open_, step=step)
