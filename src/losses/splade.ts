import { flops } from "./flops.ts";
import { type Loss, requireColumns, weighted } from "./loss.ts";
import { checkOptions, count, type Fields, notNegative } from "./options.ts";

export interface SpladeOptions {
  /** @default 3e-5 */
  readonly documentWeight?: number;
  /** 0 for queries that need not be sparse. @default 5e-5 */
  readonly queryWeight?: number;
  /** Documents with at most so many elements other than 0 cost nothing. @default 0 */
  readonly documentThreshold?: number;
  /** @default 0 */
  readonly queryThreshold?: number;
}

export const spladeFields: Fields<SpladeOptions> = {
  documentWeight: notNegative,
  queryWeight: notNegative,
  documentThreshold: count,
  queryThreshold: count,
};

/**
 * A loss of sparse vectors with what keeps them sparse (Formal et al., SPLADE v2, arXiv:2109.10086):
 * `loss + λ_q FLOPS(anchors) + λ_d FLOPS(positives and hard negatives)`. sentence-transformers' SpladeLoss.
 * @throws bad-argument for options that make no sense
 */
export function splade(loss: Loss, options: SpladeOptions = {}): Loss {
  checkOptions(options, spladeFields, "splade");
  const { documentWeight = 3e-5, queryWeight = 5e-5 } = options;
  const { documentThreshold = 0, queryThreshold = 0 } = options;
  return (columns) => {
    const { anchors, positives, negatives } = requireColumns(columns, "splade", "positives");
    const queries = flops({ threshold: queryThreshold })({ anchors, negatives: [] });
    const documents = flops({ threshold: documentThreshold })({ anchors: positives, negatives });
    return weighted([
      [1, loss(columns)],
      [queryWeight, queries],
      [documentWeight, documents],
    ]);
  };
}
