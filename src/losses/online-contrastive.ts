import type { Value } from "../graph/node.ts";
import {
  add,
  and,
  cast,
  equal,
  greater,
  less,
  mul,
  reduceMax,
  reduceMin,
  reduceSum,
  relu,
  sub,
  where,
} from "../graph/ops/index.ts";
import { type ContrastiveOptions, contrastiveFields } from "./contrastive.ts";
import { distances, FAR } from "./distance.ts";
import { type Loss, meanWhere, requireColumns, rowLabels } from "./loss.ts";
import { checkOptions, type Fields } from "./options.ts";

const NAME = "online-contrastive";

export type OnlineContrastiveOptions = Omit<ContrastiveOptions, "reduction">;

export const onlineContrastiveFields: Fields<OnlineContrastiveOptions> = {
  distance: contrastiveFields.distance,
  margin: contrastiveFields.margin,
};

/**
 * Contrastive loss of a batch's hard pairs: those of label 0 that are nearer than its farthest of label 1, and those of label 1 that are
 * farther than its nearest of label 0 (where one label is missing, than the mean of its own):
 * `Σ d² + Σ relu(margin − d)²`. sentence-transformers' OnlineContrastiveLoss.
 * @throws bad-argument for options that make no sense
 */
export function onlineContrastive(options: OnlineContrastiveOptions = {}): Loss {
  checkOptions(options, onlineContrastiveFields, NAME);
  const { distance = "cosine", margin = 0.5 } = options;
  return (columns) => {
    const { anchors, positives } = requireColumns(columns, NAME, "positives");
    const labels = rowLabels(columns, NAME);
    const d = distances[distance](anchors, positives);
    const [apart, together] = [equal(labels, 0), equal(labels, 1)];
    const farthest = reduceMax(where(together, d, -FAR));
    const nearest = reduceMin(where(apart, d, FAR));
    const hardApart = and(apart, less(d, where(some(together), farthest, meanWhere(apart, d))));
    const hardTogether = and(
      together,
      greater(d, where(some(apart), nearest, meanWhere(together, d))),
    );
    const short = relu(sub(margin, d));
    return add(
      reduceSum(where(hardTogether, mul(d, d), 0)),
      reduceSum(where(hardApart, mul(short, short), 0)),
    );
  };
}

const some = (mask: Value): Value => greater(reduceMax(cast(mask, "float32")), 0);
