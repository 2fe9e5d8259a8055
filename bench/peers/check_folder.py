"""sentence-transformers on model folders: `node bench/peers/folder-samples.ts OUT && python bench/peers/check_folder.py OUT`.

Each OUT/NAME.json holds texts and the vectors that OUT/NAME must give (pip install sentence-transformers).
"""

import json
import sys
import warnings
from pathlib import Path

import numpy as np
import sentence_transformers
from sentence_transformers import SentenceTransformer

TOLERANCE = 1e-5


def difference(folder: Path, expected: dict) -> float:
    """The largest, against the largest number where the vectors are not of length 1."""
    model = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    encode = {"document": model.encode_document, "query": model.encode_query}

    def of(role: str) -> float:
        wanted = np.array(expected[role], dtype=np.float32)
        return float(np.abs(encode[role](expected["texts"]) - wanted).max() / max(1, np.abs(wanted).max()))

    return max(of(role) for role in ("document", "query"))


def main() -> int:
    warnings.simplefilter("error", FutureWarning)
    failures = 0
    samples = sorted(Path(sys.argv[1]).glob("*.json"))
    for sample in samples:
        try:
            found = difference(sample.with_suffix(""), json.loads(sample.read_text(encoding="utf8")))
            wrong = not found <= TOLERANCE
        except Exception as error:  # whatever the library raises on a folder that it does not read
            found, wrong = error, True
        failures += wrong
        print(f"{'FAIL' if wrong else 'ok  '} {sample.stem}: {found}")
    print(f"{len(samples) - failures} of {len(samples)} agree with sentence-transformers {sentence_transformers.__version__}")
    return 1 if failures or not samples else 0


if __name__ == "__main__":
    sys.exit(main())
