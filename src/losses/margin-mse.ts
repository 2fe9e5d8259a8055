import type { Value } from "../graph/node.ts";
import { mul, reduceMean, slice, sub, unsqueeze } from "../graph/ops/index.ts";
import { labelColumns, studentScores } from "./candidate-scores.ts";
import {
  type Columns,
  type Loss,
  requireColumns,
  type SimilarityName,
  similarities,
} from "./loss.ts";
import { checkOptions, type Fields, nameIn } from "./options.ts";

export interface MarginMseOptions {
  /** @default "dot" */
  readonly similarity?: SimilarityName;
}

export const marginMseFields: Fields<MarginMseOptions> = { similarity: nameIn(similarities) };

/**
 * Margin-MSE distillation (Hofstätter et al., arXiv:2010.02666): the student's margins between positive and hard negatives
 * learn the teacher's, `mean ((s(a, p) − s(a, n_j)) − (t_p − t_j))²`. Labels are a teacher's scores `[B, 1 + k]`, or its margins
 * `[B, k]` (`[B]` for one negative). sentence-transformers' MarginMSELoss.
 * @throws bad-argument for options that make no sense
 */
export function marginMse(options: MarginMseOptions = {}): Loss {
  checkOptions(options, marginMseFields, "margin-mse");
  const { similarity = "dot" } = options;
  return (columns) => {
    const scores = studentScores(columns, similarity, "margin-mse");
    const error = sub(marginsOf(scores), teacherMargins(columns, scores.shape[1] as number));
    return reduceMean(mul(error, error));
  };
}

/** The first score less each other one: `[B, 1 + k] -> [B, k]`. */
function marginsOf(scores: Value): Value {
  const end = scores.shape[1] as number;
  const first = slice(scores, { start: 0, end: 1, axis: 1 });
  return sub(first, slice(scores, { start: 1, end, axis: 1 }));
}

function teacherMargins(columns: Columns, candidates: number): Value {
  const { labels } = requireColumns(columns, "margin-mse", "labels");
  if (labels.shape.length === 1 && candidates === 2) return unsqueeze(labels, [1]);
  const given = labelColumns(columns, [candidates, candidates - 1], "margin-mse");
  return given.shape[1] === candidates - 1 ? given : marginsOf(given);
}
