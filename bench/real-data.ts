/** Models and texts that lie beside the project on some machines, and are not part of it. */

import { type RetrievalSet, readBeir } from "../src/data/beir.ts";
import type { Pair } from "../src/data/pairs.ts";
import { miniLmIsThere } from "../test/minilm.ts";
import { shared, sharedIsThere } from "../test/shared.ts";
import { smolLm2IsThere } from "../test/smollm2.ts";

const sources = {
  data: { isThere: sharedIsThere, absent: "../shared is not there" },
  miniLm: {
    isThere: miniLmIsThere,
    absent: "all-minilm-l6-v2 is not in NEARFOLD_MODELS or .cache/models",
  },
  smolLm2: {
    isThere: smolLm2IsThere,
    absent: "smollm2-135m is not in NEARFOLD_MODELS or .cache/models",
  },
} as const;

/** For `Measurement.missing`: says which of these are not there. */
export function needs(...names: readonly (keyof typeof sources)[]): () => string | undefined {
  const absent = names.filter((name) => !sources[name].isThere).map((name) => sources[name].absent);
  return () => (absent.length > 0 ? absent.join("; ") : undefined);
}

/** SciFact (BEIR): 5,183 abstracts, and the claims that a split judges. */
export function readScifact(split: "train" | "test"): Promise<RetrievalSet> {
  return readBeir(shared("data/scifact"), { split });
}

/** A pair for each relevant document of each query, in the order of the judgements. */
export function toPairs({ documents, queries, qrels }: RetrievalSet): Pair[] {
  return [...qrels].flatMap(([query, grades]) =>
    [...grades].flatMap(([document, grade]) =>
      grade > 0
        ? [{ anchor: queries.get(query)!, positive: documents.get(document)!, negatives: [] }]
        : [],
    ),
  );
}
