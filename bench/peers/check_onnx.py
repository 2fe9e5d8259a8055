"""ONNX's own checker over model files: `python check_onnx.py FILE_OR_FOLDER ...` (pip install onnx).

Shape inference is part of the check, except for models with ops outside ONNX's own domain, which it does not know.
"""

import sys
from pathlib import Path

import onnx


def check(path: Path) -> str:
    model = onnx.load(path, load_external_data=False)
    foreign = sorted({o.domain for o in model.opset_import} - {"", "ai.onnx"})
    onnx.checker.check_model(str(path), full_check=not foreign, skip_opset_compatibility_check=False)
    opset = next(o.version for o in model.opset_import if o.domain in ("", "ai.onnx"))
    nodes = len(model.graph.node)
    return f"opset {opset}, ir {model.ir_version}, {nodes} nodes" + (f", with {foreign}" if foreign else "")


def main() -> int:
    failures = 0
    given = [Path(a) for a in sys.argv[1:]]
    files = [f for p in given for f in (sorted(p.rglob("*.onnx")) if p.is_dir() else [p])]
    for path in files:
        try:
            print(f"ok   {path.name}: {check(path)}")
        except Exception as error:  # the checker's own error types vary by release
            failures += 1
            print(f"FAIL {path.name}: {error}")
    print(f"{len(files) - failures} of {len(files)} pass onnx {onnx.__version__}")
    return 1 if failures or not files else 0


if __name__ == "__main__":
    sys.exit(main())
