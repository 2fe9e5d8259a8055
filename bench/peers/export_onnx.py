"""Writes onnx/model.onnx into a model folder, with the padded graph that transformers.js runs, and the same quantized."""

import warnings

import torch
import transformers
from onnxruntime.quantization import QuantType, quantize_dynamic
from protocol import serve

NAMES = ["input_ids", "attention_mask", "token_type_ids"]


class LastHiddenState(torch.nn.Module):
    def __init__(self, bert):
        super().__init__()
        self.bert = bert

    def forward(self, input_ids, attention_mask, token_type_ids):
        # An additive mask, as exports of this family have it: ONNX Runtime knows the pattern.
        mask = (1.0 - attention_mask[:, None, None, :].to(torch.float32)) * torch.finfo(torch.float32).min
        return self.bert(
            input_ids=input_ids, attention_mask=mask, token_type_ids=token_type_ids
        ).last_hidden_state


def export(model, path):
    warnings.filterwarnings("ignore")
    bert = transformers.BertModel.from_pretrained(model, add_pooling_layer=False, attn_implementation="eager")
    example = torch.ones(2, 16, dtype=torch.long)
    output = "last_hidden_state"
    torch.onnx.export(
        LastHiddenState(bert).eval(),
        (example, example, torch.zeros_like(example)),
        path,
        input_names=NAMES,
        output_names=[output],
        dynamic_axes={name: {0: "batch", 1: "sequence"} for name in [*NAMES, output]},
        opset_version=17,
        dynamo=False,
    )
    return {}


def quantize(path, quantized):
    """As optimum's `AutoQuantizationConfig.avx512_vnni(is_static=False, per_channel=False)`, which most `q8` files on the Hub come from."""
    quantize_dynamic(
        path,
        quantized,
        per_channel=False,
        reduce_range=False,
        weight_type=QuantType.QInt8,
        extra_options={"WeightSymmetric": True, "ActivationSymmetric": False, "MatMulConstBOnly": True},
    )
    return {}


serve(export=export, quantize=quantize)
