import { add, mul, reduceMean, reduceSum, relu, sub } from "../graph/ops/index.ts";
import { type DistanceName, distances } from "./distance.ts";
import { type Loss, requireColumns, rowLabels } from "./loss.ts";
import { checkOptions, type Fields, nameIn, oneOf, positive } from "./options.ts";

export interface ContrastiveOptions {
  /** @default "cosine" */
  readonly distance?: DistanceName;
  /** Pairs of label 0 are pushed this far apart. @default 0.5 */
  readonly margin?: number;
  /** Over the pairs of the batch. @default "mean" */
  readonly reduction?: "mean" | "sum";
}

export const contrastiveFields: Fields<ContrastiveOptions> = {
  distance: nameIn(distances),
  margin: positive,
  reduction: oneOf(["mean", "sum"]),
};

/**
 * Contrastive loss of labelled pairs (Hadsell, Chopra, LeCun, CVPR 2006, eq. 4, with y = 1 for a pair that belongs together):
 * `mean ½ (y d² + (1 − y) relu(margin − d)²)`. `onlineContrastive` learns from the hard pairs alone.
 * sentence-transformers' ContrastiveLoss.
 * @throws bad-argument for options that make no sense
 */
export function contrastive(options: ContrastiveOptions = {}): Loss {
  checkOptions(options, contrastiveFields, "contrastive");
  const { distance = "cosine", margin = 0.5, reduction = "mean" } = options;
  return (columns) => {
    const { anchors, positives } = requireColumns(columns, "contrastive", "positives");
    const labels = rowLabels(columns, "contrastive");
    const d = distances[distance](anchors, positives);
    const short = relu(sub(margin, d));
    const each = add(mul(labels, mul(d, d)), mul(sub(1, labels), mul(short, short)));
    return mul(reduction === "mean" ? reduceMean(each) : reduceSum(each), 0.5);
  };
}
