"""Exports of ../models/bert as people make them, and graphs with If, Loop and Scan: optimum-onnx 0.1.0, onnxruntime 1.32.0,
torch 2.15.0, transformers 4.57.6, onnx 1.23.2.

python make.py
"""

import json
import pathlib
import tempfile
import warnings

import numpy
import onnx
import torch
import transformers
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator
from onnxruntime.quantization import QuantType, quantize_dynamic
from optimum.exporters.onnx import main_export

warnings.filterwarnings("ignore")
here = pathlib.Path(__file__).parent
checkpoint = here.parent / "models" / "bert"
inputs = ["input_ids", "attention_mask", "token_type_ids"]
outputs = ["last_hidden_state", "pooler_output"]
example = [torch.ones(2, 16, dtype=torch.long), torch.ones(2, 16, dtype=torch.long), torch.zeros(2, 16, dtype=torch.long)]


def optimum():
    with tempfile.TemporaryDirectory() as folder:
        main_export(str(checkpoint), folder, task="feature-extraction", framework="pt", local_files_only=True)
        (here / "bert-optimum.onnx").write_bytes((pathlib.Path(folder) / "model.onnx").read_bytes())


def torchscript():
    bert = transformers.BertModel.from_pretrained(checkpoint, attn_implementation="eager").eval()
    torch.onnx.export(
        bert,
        tuple(example),
        here / "bert-torchscript.onnx",
        input_names=inputs,
        output_names=outputs,
        dynamic_axes={name: {0: "batch", 1: "sequence"} for name in [*inputs, outputs[0]]},
        opset_version=11,
        dynamo=False,
    )


def dynamo():
    bert = transformers.BertModel.from_pretrained(checkpoint, attn_implementation="sdpa").eval()
    sizes = {0: torch.export.Dim("batch"), 1: torch.export.Dim("sequence", min=2, max=64)}
    program = torch.onnx.export(
        bert,
        (),
        kwargs=dict(zip(inputs, example)),
        input_names=inputs,
        output_names=outputs,
        dynamic_shapes={name: sizes for name in inputs},
        dynamo=True,
        external_data=False,
        verbose=False,
    )
    model = program.model_proto
    # Stack traces, as large as the weights.
    for node in model.graph.node:
        del node.metadata_props[:]
    for value in model.graph.value_info:
        del value.metadata_props[:]
    onnx.save(model, here / "bert-dynamo.onnx")


def int8():
    quantize_dynamic(here / "bert-optimum.onnx", here / "bert-int8.onnx", weight_type=QuantType.QInt8)


def value(name, shape, dtype=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, dtype, shape)


def control():
    """Token embeddings that go through an If, a Loop or a Scan; each reads a weight of the graph around it."""
    generator = numpy.random.default_rng(7)
    table = generator.standard_normal((16, 4)).astype(numpy.float32)
    shift = generator.standard_normal((4,)).astype(numpy.float32)
    ids = [[1, 5, 9], [2, 15, 0]]

    def branch(name, op):
        return helper.make_graph([helper.make_node(op, ["rows", "shift"], [name])], name, [], [value(name, None)])

    loop_body = helper.make_graph(
        [
            helper.make_node("Add", ["state", "shift"], ["next"], name="body.add"),
            helper.make_node("Identity", ["go"], ["more"]),
        ],
        "loop_body",
        [value("step", [], TensorProto.INT64), value("go", [], TensorProto.BOOL), value("state", None)],
        [value("more", [], TensorProto.BOOL), value("next", None)],
    )
    scan_body = helper.make_graph(
        [
            helper.make_node("Add", ["total", "row"], ["sum"], name="body.sum"),
            helper.make_node("Identity", ["sum"], ["running"]),
        ],
        "scan_body",
        [value("total", ["B", 4]), value("row", ["B", 4])],
        [value("sum", ["B", 4]), value("running", ["B", 4])],
    )
    kinds = {
        "if": [
            helper.make_node("ReduceMax", ["input_ids"], ["largest"], keepdims=0),
            helper.make_node("Greater", ["largest", "ten"], ["condition"]),
            helper.make_node(
                "If",
                ["condition"],
                ["last_hidden_state"],
                name="encoder.if",
                then_branch=branch("then", "Mul"),
                else_branch=branch("other", "Add"),
            ),
        ],
        "loop": [
            helper.make_node("Loop", ["three", "yes", "rows"], ["last_hidden_state"], name="encoder.loop", body=loop_body)
        ],
        "scan": [
            helper.make_node("Gather", ["rows", "zero"], ["first"], axis=1),
            helper.make_node("Mul", ["first", "shift"], ["start"]),
            helper.make_node("Transpose", ["rows"], ["columns"], perm=[1, 0, 2]),
            helper.make_node(
                "Scan",
                ["start", "columns"],
                ["end", "sums"],
                name="encoder.scan",
                body=scan_body,
                num_scan_inputs=1,
            ),
            helper.make_node("Transpose", ["sums"], ["last_hidden_state"], perm=[1, 0, 2]),
        ],
    }
    expected = {}
    for kind, nodes in kinds.items():
        graph = helper.make_graph(
            [helper.make_node("Gather", ["table", "input_ids"], ["rows"], name="embeddings"), *nodes],
            kind,
            [value(name, ["batch", "sequence"], TensorProto.INT64) for name in inputs[:2]],
            [value("last_hidden_state", ["batch", "sequence", 4])],
            [
                numpy_helper.from_array(table, "table"),
                numpy_helper.from_array(shift, "shift"),
                numpy_helper.from_array(numpy.array(10, dtype=numpy.int64), "ten"),
                numpy_helper.from_array(numpy.array(3, dtype=numpy.int64), "three"),
                numpy_helper.from_array(numpy.array(0, dtype=numpy.int64), "zero"),
                numpy_helper.from_array(numpy.array(True), "yes"),
            ],
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        onnx.checker.check_model(model, full_check=True)
        onnx.save(model, here / f"{kind}.onnx")
        feeds = {"input_ids": numpy.array(ids), "attention_mask": numpy.ones((2, 3), dtype=numpy.int64)}
        found = ReferenceEvaluator(model).run(["last_hidden_state"], feeds)[0]
        expected[kind] = [float(x) for x in found.reshape(-1)]
    (here / "control.json").write_text(json.dumps({"input_ids": ids, "last_hidden_state": expected}) + "\n")


optimum()
torchscript()
dynamo()
int8()
control()
