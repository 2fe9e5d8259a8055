import { add, reduceMean, relu, sub } from "../graph/ops/index.ts";
import { type DistanceName, distances, tripletMargins } from "./distance.ts";
import { average, type Loss, requireColumns, requireNegatives } from "./loss.ts";
import { checkOptions, type Fields, nameIn, positive } from "./options.ts";

export interface TripletOptions {
  /** @default "euclidean" */
  readonly distance?: DistanceName;
  /** How much farther the negative must be than the positive. @default 5; for cosine 0.3 */
  readonly margin?: number;
}

export const tripletFields: Fields<TripletOptions> = {
  distance: nameIn(distances),
  margin: positive,
};

/**
 * Triplet loss (Schroff et al., FaceNet, arXiv:1503.03832 §3.1, of distances that are not squared):
 * `mean relu(d(a, p) − d(a, n) + margin)`, over the hard negatives of each row, one at least. `infoNce` also learns from the other
 * rows. sentence-transformers' TripletLoss.
 * @throws bad-argument for options that make no sense
 */
export function triplet(options: TripletOptions = {}): Loss {
  checkOptions(options, tripletFields, "triplet");
  const { distance = "euclidean" } = options;
  const { margin = tripletMargins[distance] } = options;
  return (columns) => {
    const { anchors, positives } = requireColumns(columns, "triplet", "positives");
    const toPositive = distances[distance](anchors, positives);
    const hinges = requireNegatives(columns, "triplet").map((negatives) =>
      relu(add(sub(toPositive, distances[distance](anchors, negatives)), margin)),
    );
    return average(hinges.map((hinge) => reduceMean(hinge)));
  };
}
