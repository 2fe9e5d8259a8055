import { NearfoldError } from "../errors.ts";
import type { Value } from "../graph/node.ts";
import {
  abs,
  and,
  concat,
  dimOf,
  equal,
  greater,
  mul,
  not_,
  range,
  reduceMean,
  sub,
  unsqueeze,
  where,
} from "../graph/ops/index.ts";
import { MASKED } from "../nn/layout.ts";
import {
  type Embeddings,
  type Loss,
  logSumExp,
  products,
  requireColumns,
  rowProducts,
  similarities,
} from "./loss.ts";
import { checkOptions, type Fields, finite, listOf, oneOf, positive } from "./options.ts";

/** Texts of other rows that are negatives beside the documents: the row's anchor against anchors, its positive against positives. */
export const gistContrasts = ["anchors", "positives"] as const;

export interface GistOptions {
  /** Cosines are divided by it. @default 0.01 */
  readonly temperature?: number;
  /** How far below the positive the guide must see a negative. @default 0 */
  readonly margin?: number;
  /** The margin is a difference of cosines, or a share of the positive's. @default "absolute" */
  readonly marginStrategy?: "absolute" | "relative";
  /** @default both, as in the paper; none may retrieve better */
  readonly contrast?: readonly (typeof gistContrasts)[number][];
}

export const gistFields: Fields<GistOptions> = {
  temperature: positive,
  margin: finite,
  marginStrategy: oneOf(["absolute", "relative"]),
  contrast: listOf(oneOf(gistContrasts)),
};

/**
 * GISTEmbed (Solatorio, arXiv:2402.16829): InfoNCE over cosines, from which a guide takes out false negatives: those whose guided
 * similarity is above `guide(a_i, p_i) − margin`. The guide's embeddings are the batch's `teacher`. A text against itself is
 * such a false negative, so the guide hides diagonals and equal texts as well. sentence-transformers' GISTEmbedLoss.
 * @throws bad-argument for options that make no sense
 */
export function gist(options: GistOptions = {}): Loss {
  checkOptions(options, gistFields, "gist");
  const { temperature = 0.01, margin = 0, marginStrategy = "absolute" } = options;
  const { contrast = gistContrasts } = options;
  return (columns) => {
    const { teacher } = requireColumns(columns, "gist", "teacher");
    requireSameColumns(columns, teacher);
    const [student, guide] = [unitColumns(columns, "gist"), unitColumns(teacher, "gist, guide")];
    const ofPositive = unsqueeze(rowProducts(guide.anchors, guide.positives), [1]);
    const allowance = marginStrategy === "absolute" ? margin : mul(abs(ofPositive), margin);
    const threshold = sub(ofPositive, allowance);
    const isFalse = (x: Side, y: Side) => greater(products(guide[x], guide[y]), threshold);
    const logits = (x: Side, y: Side, hidden: Value) =>
      where(hidden, MASKED, mul(products(student[x], student[y]), 1 / temperature));
    const own = isOwn(student.anchors, student.documents);
    const documents = and(isFalse("anchors", "documents"), not_(own));
    const parts = [
      logits("anchors", "documents", documents),
      ...contrast.map((side) => logits(side, side, isFalse(side, side))),
    ];
    const positives = mul(rowProducts(student.anchors, student.positives), 1 / temperature);
    return reduceMean(sub(logSumExp(concat(parts, 1)), positives));
  };
}

type Side = "anchors" | "positives" | "documents";

/** Unit vectors; `documents` are the positives, then each column of hard negatives, `[N, D]`. */
function unitColumns(columns: Embeddings, at: string): Record<Side, Value> {
  const { anchors, positives, negatives } = requireColumns(columns, at, "positives");
  const [a, p, ...rest] = [anchors, positives, ...negatives].map(similarities.cosine);
  return { anchors: a, positives: p, documents: concat([p, ...rest], 0) };
}

/** Whether a document is the row's positive, `[B, N]`. */
function isOwn(anchors: Value, documents: Value): Value {
  const row = unsqueeze(range(dimOf(anchors, 0)), [1]);
  return equal(unsqueeze(range(dimOf(documents, 0)), [0]), row);
}

function requireSameColumns({ negatives }: Embeddings, guide: Embeddings): void {
  if (guide.negatives.length === negatives.length) return;
  throw new NearfoldError("bad-argument", "the guide embedded other columns", {
    at: "gist",
    got: `${guide.negatives.length} of hard negatives`,
    wanted: `${negatives.length}`,
  });
}
