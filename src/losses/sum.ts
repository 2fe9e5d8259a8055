import { NearfoldError } from "../errors.ts";
import { type Loss, weighted } from "./loss.ts";
import { checkOptions, type Fields, finite, listOf } from "./options.ts";

export interface SumOptions {
  /** One for each loss. @default all 1 */
  readonly weights?: readonly number[];
}

export const sumFields: Fields<SumOptions> = { weights: listOf(finite) };

/**
 * A weighted sum of losses over the same batch: a main one and its regularizers.
 * @throws bad-argument when there are no losses, or not as many weights
 */
export function sum(losses: readonly Loss[], options: SumOptions = {}): Loss {
  checkOptions(options, sumFields, "sum");
  const { weights = losses.map(() => 1) } = options;
  if (losses.length === 0 || weights.length !== losses.length) {
    throw new NearfoldError("bad-argument", "losses and weights do not fit each other", {
      at: "sum",
      got: `${losses.length} losses; weights ${weights.join(", ") || "none"}`,
      wanted: "one loss, at least, and a weight for each",
    });
  }
  return (columns) => weighted(losses.map((loss, i) => [weights[i], loss(columns)]));
}
