"""An adapter as PEFT saves it, on the golden Llama, and the vectors it gives.

    python make.py

peft 0.21.2, transformers 5.23.0, torch 2.15.0; writes beside itself. The values are fixed functions of their place, so no seed is needed.
"""

import json
from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import AutoModel

here = Path(__file__).resolve().parent
base = here.parent / "models" / "llama"

model = AutoModel.from_pretrained(base, dtype=torch.float32, attn_implementation="eager")
config = LoraConfig(
    r=4, lora_alpha=8, lora_dropout=0.0, target_modules=["q_proj", "v_proj", "down_proj"], task_type="FEATURE_EXTRACTION"
)
adapted = get_peft_model(model, config).eval()
with torch.no_grad():
    for index, (name, value) in enumerate((n, p) for n, p in adapted.named_parameters() if "lora_" in n):
        place = torch.arange(value.numel(), dtype=torch.float32).reshape(value.shape)
        value.copy_(0.2 * torch.sin(place + index))
adapted.save_pretrained(here)
(here / "README.md").unlink(missing_ok=True)

# The path of the base is the machine's: what readers need is its name.
settings = json.loads((here / "adapter_config.json").read_text())
settings["base_model_name_or_path"] = "../models/llama"
settings["target_modules"] = sorted(settings["target_modules"])
(here / "adapter_config.json").write_text(json.dumps(settings, indent=1, sort_keys=True) + "\n")

golden = load_file(base / "golden.safetensors")
with torch.no_grad():
    hidden = adapted(input_ids=golden["input_ids"], attention_mask=golden["attention_mask"]).last_hidden_state
mask = golden["attention_mask"].unsqueeze(-1).float()
save_file({"last_hidden_state": hidden * mask, "mean": (hidden * mask).sum(1) / mask.sum(1)}, here / "golden.safetensors")
