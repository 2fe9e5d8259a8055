"""Writes dtypes.safetensors with the reference library. Needs safetensors, torch, numpy (no part of the project's tests)."""

import torch
from safetensors.torch import save_file

values = [0.0, -0.0, 1.0, -2.5, 65504.0, 1e-7, float("inf"), float("-inf")]
tensors = {name: torch.tensor(values, dtype=dtype).reshape(2, 4) for name, dtype in {
    "float64": torch.float64, "float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16,
}.items()}
tensors |= {name: torch.tensor([torch.iinfo(dtype).min, 0, 1, torch.iinfo(dtype).max], dtype=dtype) for name, dtype in {
    "int8": torch.int8, "uint8": torch.uint8, "int16": torch.int16, "uint16": torch.uint16, "int32": torch.int32,
    "uint32": torch.uint32, "int64": torch.int64, "uint64": torch.uint64,
}.items()}
tensors["bool"] = torch.tensor([[True], [False], [True]])
tensors["scalar"] = torch.tensor(7.0)
tensors["empty"] = torch.zeros(0, 3)
tensors["12"] = torch.tensor([12.0])
tensors['"é\n\\'] = torch.tensor([1], dtype=torch.int8)
save_file(tensors, "dtypes.safetensors", metadata={"format": "pt"})
