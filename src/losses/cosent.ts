import { constant, type Value } from "../graph/node.ts";
import { concat, less, mul, reshape, sub, unsqueeze, where } from "../graph/ops/index.ts";
import { MASKED } from "../nn/layout.ts";
import { floats } from "../tensor/tensor.ts";
import { type Loss, logSumExp, requireColumns, rowLabels, rowScores } from "./loss.ts";
import { checkOptions, type Fields, positive } from "./options.ts";

export interface CosentOptions {
  /** Differences of scores are divided by it. @default 0.05 (a scale of 20) */
  readonly temperature?: number;
}

export const cosentFields: Fields<CosentOptions> = { temperature: positive };

/**
 * CoSENT (Huang et al., doi:10.1109/TASLP.2024.3402087): ranks pairs as their labels do,
 * `log(1 + Σ exp((cos_i − cos_j) / τ))` over all `label_i < label_j`. Only the order of labels counts, so their scale is free.
 * sentence-transformers' CoSENTLoss.
 * @throws bad-argument for a temperature that is not positive
 */
export function cosent(options: CosentOptions = {}): Loss {
  return rankingLoss("cosent", (a, b) => rowScores(a, b, "cosine"), options);
}

/** CoSENT's ranking of any score of a pair, `[B, D], [B, D] -> [B]`. */
export function rankingLoss(
  name: string,
  score: (a: Value, b: Value) => Value,
  options: CosentOptions,
): Loss {
  checkOptions(options, cosentFields, name);
  const { temperature = 0.05 } = options;
  return (columns) => {
    const { anchors, positives } = requireColumns(columns, name, "positives");
    const labels = rowLabels(columns, name);
    const scores = mul(score(anchors, positives), 1 / temperature);
    const isBelow = less(unsqueeze(labels, [1]), unsqueeze(labels, [0]));
    const differences = sub(unsqueeze(scores, [1]), unsqueeze(scores, [0]));
    const flat = reshape(where(isBelow, differences, MASKED), [-1]);
    // The 0 is the 1 of the logarithm: pairs in order cost nothing.
    return logSumExp(concat([constant(floats([0], [1])), flat], 0));
  };
}
