"""How the fine-tuning peers move their weights: AdamW, warm-up, decay, clipping; the names are those of our options."""

import torch
import transformers

DECAYS = {"linear": "linear", "cosine": "cosine", "constant": "constant_with_warmup"}


class Schedule:
    """AdamW with one weight decay for all parameters; the rate rises over the warm-up, then decays; `clip` 0 is none."""

    def __init__(self, parameters, rate, weight_decay, warmup_steps, total_steps, decay, clip):
        self.parameters = [p for p in parameters if p.requires_grad]
        self.clip = clip
        self.optimizer = torch.optim.AdamW(self.parameters, lr=rate, weight_decay=weight_decay, fused=True)
        self.rates = transformers.get_scheduler(DECAYS[decay], self.optimizer, warmup_steps, total_steps)

    def descend(self, loss):
        """One step; returns the loss as a number."""
        loss.backward()
        if self.clip > 0:
            torch.nn.utils.clip_grad_norm_(self.parameters, self.clip)
        self.optimizer.step()
        self.rates.step()
        self.optimizer.zero_grad(set_to_none=True)
        return loss.item()
