/** A student's scores of a row's candidates, and what a teacher gave the same. */
import { NearfoldError } from "../errors.ts";
import type { Value } from "../graph/node.ts";
import { showType } from "../graph/op.ts";
import { concat, unsqueeze } from "../graph/ops/index.ts";
import {
  type Columns,
  requireColumns,
  requireNegatives,
  rowScores,
  type SimilarityName,
} from "./loss.ts";

/** Scores of the positive and the `k` hard negatives of each row, `[B, 1 + k]`. @throws bad-argument without hard negatives */
export function studentScores(columns: Columns, similarity: SimilarityName, loss: string): Value {
  const { anchors, positives } = requireColumns(columns, loss, "positives");
  const candidates = [positives, ...requireNegatives(columns, loss)];
  const scores = candidates.map((x) => unsqueeze(rowScores(anchors, x, similarity), [1]));
  return concat(scores, 1);
}

/** The labels, with as many columns as the loss reads. @throws bad-argument for another shape */
export function labelColumns(columns: Columns, allowed: readonly number[], loss: string): Value {
  const { labels } = requireColumns(columns, loss, "labels");
  const [, size] = labels.shape;
  if (labels.shape.length === 2 && (typeof size !== "number" || allowed.includes(size))) {
    return labels;
  }
  throw new NearfoldError("bad-argument", "the labels are not one for each candidate", {
    at: loss,
    got: showType(labels),
    wanted: allowed.map((count) => `float32[B,${count}]`).join(" or "),
  });
}
