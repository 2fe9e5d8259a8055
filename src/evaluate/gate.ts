/** Whether a model may take another's place. */
import type { Kept } from "./comparison.ts";

/**
 * `met`: the rows keep at least what is required. `fell`: they keep less, and so do all but (1 - confidence) of their resamples.
 * `not-proven`: they keep less, and chance may be why.
 */
export type Verdict = "met" | "not-proven" | "fell";

/**
 * Judges the quality kept by what is required of it. `fell` is a one-sided test: the model is let through unless data say that it may not be,
 * and of models that keep just what is required, 1 in 20 are stopped at a confidence of 95 %.
 * @param required a share of the baseline's figure: 0.99
 */
export function judgeKept(
  { mean, atMost }: Pick<Kept, "mean" | "atMost">,
  required: number,
): Verdict {
  if (mean >= required) return "met";
  return atMost < required ? "fell" : "not-proven";
}
