/** What two towers know once they are trained: a vector for each item, and how somebody's vector is made. */
import { floats, type Tensor } from "../../tensor/tensor.ts";
import { historyWeights } from "./draw-batch.ts";
import type { Scorer } from "./scorer.ts";
import { weightNames } from "./tower-graph.ts";

export interface Towers {
  /** `[I, D]`: what a user's vector is compared with, by a dot product. */
  readonly items: Tensor<"float32">;
  /** `[I, D]`: what an item adds to the vector of somebody who chose it. */
  readonly choices: Tensor<"float32">;
  /** `[D]`: somebody of whom nothing is known, so what is popular comes first. */
  readonly start: Float32Array;
  readonly halfLife: number;
  readonly longest: number;
}

/** Puts an item's row and its text into one vector. What nobody chose has learnt no row: its text alone says where it lies. */
export function toTowers(
  weights: Readonly<Record<string, Tensor<"float32">>>,
  {
    texts,
    counts,
    halfLife,
    longest,
  }: Pick<Towers, "halfLife" | "longest"> & {
    readonly texts: Tensor<"float32"> | undefined;
    readonly counts: Int32Array;
  },
): Towers {
  const whole = (table: string, projection: string) => {
    const { data, shape } = weights[table];
    const dims = shape[1];
    const out = data.slice();
    counts.forEach((count, row) => {
      if (count === 0) out.fill(0, row * dims, (row + 1) * dims);
    });
    if (texts) addProjected(out, texts, weights[projection]);
    return floats(out, shape);
  };
  return {
    items: whole(weightNames.items, weightNames.itemText),
    choices: whole(weightNames.choices, weightNames.choiceText),
    start: weights[weightNames.start].data.slice(),
    ...{ halfLife, longest },
  };
}

/** Somebody's vector `[D]`, from the rows of what they chose, the oldest first. */
export function userVector(
  { choices, start, halfLife, longest }: Omit<Towers, "items">,
  history: ArrayLike<number>,
): Float32Array {
  const recent = Array.from(history).slice(-longest);
  const weights = historyWeights(recent.length, halfLife);
  const [dims, out] = [start.length, start.slice()];
  recent.forEach((row, i) => {
    for (let d = 0; d < dims; d++) out[d] += weights[i] * choices.data[row * dims + d];
  });
  return out;
}

/** All items' scores for a history: `[I]`. */
export function towerScorer(towers: Towers): Scorer {
  const { data, shape } = towers.items;
  const [items, dims] = shape;
  return (history) => {
    const user = userVector(towers, history);
    const scores = new Float32Array(items);
    for (let row = 0; row < items; row++) {
      let sum = 0;
      for (let d = 0, at = row * dims; d < dims; d++, at++) sum += user[d] * data[at];
      scores[row] = sum;
    }
    return scores;
  };
}

/** Adds `text Wᵀ` to each row of `[I, D]`, in place. */
function addProjected(
  out: Float32Array,
  texts: Tensor<"float32">,
  projection: Tensor<"float32">,
): void {
  const [dims, width] = projection.shape;
  for (let row = 0; row < texts.shape[0]; row++) {
    for (let d = 0; d < dims; d++) {
      let sum = 0;
      for (let e = 0; e < width; e++) {
        sum += projection.data[d * width + e] * texts.data[row * width + e];
      }
      out[row * dims + d] += sum;
    }
  }
}
