/** What `index` says when it is done. */
import { schemeOf, type VectorStore } from "../stores/index.ts";
import { bytesPerVector, formatScheme } from "../vectors/index.ts";
import type { Outcome } from "./command.ts";

export interface Indexed {
  readonly unit: "documents" | "passages";
  /** Documents that the index then holds. */
  readonly count: number;
  /** Documents that it held at first. */
  readonly before: number;
  /** Documents of the input. */
  readonly documents: number;
  readonly encoded: number;
  readonly truncated: number;
  readonly skipped: number;
  readonly removed: number;
  /** In the index and not in the input. */
  readonly spared: number;
  readonly dims: number;
  readonly recall?: number | undefined;
  readonly warnings?: readonly string[] | undefined;
}

export function indexOutcome(
  name: string,
  store: VectorStore,
  { unit, count, before, warnings, recall, ...counts }: Indexed,
): Outcome {
  const { documents, encoded, truncated, removed, spared } = counts;
  const facts = [
    `${name} holds ${count} ${unit}, ${encoded} of them new`,
    ...(before > 0 ? [`${documents - encoded} were there already`] : []),
    ...(removed > 0 ? [`${removed} were taken out`] : []),
    ...(truncated > 0 ? [`${truncated} were longer than the model reads and cut`] : []),
  ];
  const vectors = describeVectors(store, recall);
  const others = `${spared} ${unit} of the index are not among these: --prune takes them out`;
  return {
    json: {
      ...{ out: name, ...counts, documents: count },
      ...vectors?.json,
      ...(warnings && { warnings }),
    },
    text: [
      facts.join("; "),
      ...(vectors ? [vectors.text] : []),
      ...(spared > 0 ? [others] : []),
      `Next: nearfold search ${name} "what you look for"`,
    ].join("\n"),
  };
}

/** Undefined for vectors that are kept as they are. */
function describeVectors({ kept, space: { dims } }: VectorStore, recall: number | undefined) {
  const { search, rescore } = schemeOf(kept);
  const scheme = formatScheme(schemeOf(kept), dims);
  if (scheme === "float32") return undefined;
  const bytes = bytesPerVector(search) + (rescore ? bytesPerVector(rescore) : 0);
  const found = recall === undefined ? "" : `; recall@10 against float32 is ${recall.toFixed(3)}`;
  return {
    json: { vectors: scheme, bytesPerVector: bytes, ...(recall !== undefined && { recall }) },
    text: `Vectors are kept as ${scheme}, ${bytes} bytes each${found}`,
  };
}
