import { bug } from "../errors.ts";
import { input, int64s, scalar, type Value } from "../graph/node.ts";
import {
  add,
  argMax,
  cast,
  concat,
  cumulativeSum,
  dimOf,
  div,
  equal,
  matmul,
  maximum,
  mul,
  range,
  reduceMax,
  reduceSum,
  reshape,
  sqrt,
  squeeze,
  sub,
  transpose,
  unsqueeze,
} from "../graph/ops/index.ts";
import { type Layout, MASKED, type PaddedInputs } from "./layout.ts";
import type { PoolingMode } from "./pooling.ts";

/** Names of the graph inputs of a padded batch, as every exported text model has them. */
export const paddedNames = { ids: "input_ids", mask: "attention_mask" } as const;

/** Names of its sizes. */
export const paddedShape = ["batch_size", "sequence_length"] as const;

export interface PaddedLayout extends Layout {
  readonly padded: PaddedInputs;
  /** Rows `[B · S, D]` as the batch they are: `[B, S, D]`. */
  readonly toBatch: (x: Value) => Value;
}

/**
 * A padded batch: `input_ids` and `attention_mask`, int64 `[batch_size, sequence_length]`, 1 where a token is. What an exported
 * model takes. Its rows are all `B · S` slots; the weights of each pooling mode are computed from the mask, padding on either side. Which
 * tokens are a prompt it cannot tell: all are pooled.
 */
export function paddedLayout(modes: readonly PoolingMode[]): PaddedLayout {
  const ids = input(paddedNames.ids, "int64", paddedShape);
  const present = input(paddedNames.mask, "int64", paddedShape);
  const mask = cast(present, "float32");
  const [batch, length] = [dimOf(ids, 0), dimOf(ids, 1)];
  const places = range(length);

  const toShape = (x: Value, ...last: readonly number[]) =>
    reshape(x, concat([batch, length, int64s(last)], 0));
  const toBatch = (x: Value) => toShape(x, x.shape[1] as number);
  const masked = mul(sub(1, mask), MASKED);
  return {
    ids: reshape(ids, [-1]),
    positions: reshape(placesOf(mask), [-1]),
    padded: { ids, mask: present, positions: cast(placesOf(mask), "int64") },
    blocks: [{ mask: unsqueeze(masked, [1, 2]) }],
    toBatch,
    toHeads: (x, heads) => {
      const width = (x.shape[1] as number) / heads;
      return [transpose(toShape(x, heads, width), [0, 2, 1, 3])];
    },
    fromHeads: ([part], heads) => {
      const width = part.shape[3] as number;
      return reshape(transpose(part, [0, 2, 1, 3]), [-1, heads * width]);
    },
    poolLinear: (x, rows) => {
      const weights = rows.map((row) => {
        const mode = modes[row];
        if (mode === "max") throw bug("max pooling has no weights");
        return unsqueeze(linearWeights[mode](mask, places), [1]);
      });
      return weightedSums(concat(weights, 1), toBatch(x));
    },
    poolMax: (x) => reduceMax(add(toBatch(x), unsqueeze(masked, [2])), { axes: [1] }),
  };
}

/** Sums of a batch `[B, S, D]` by each of the `R` rows of weights `[B, R, S]`, put end to end: `[B, R · D]`. */
export function weightedSums(weights: Value, batch: Value): Value {
  const sums = matmul(weights, batch);
  const rows = weights.shape[1] as number;
  return rows === 1 ? squeeze(sums, [1]) : reshape(sums, [-1, rows * (batch.shape[2] as number)]);
}

/** The place of each token in its sequence `[B, S]`, int32, padding on either side; that of padding does not matter. */
function placesOf(mask: Value): Value {
  return cast(maximum(sub(cumulativeSum(mask, 1), 1), 0), "int32");
}

type LinearMode = Exclude<PoolingMode, "max">;

/** The weight of each slot `[B, S]` from the mask, float32, and the places `[S]`: the rules of `pooling.ts`, in the graph. */
const linearWeights: Readonly<Record<LinearMode, (mask: Value, places: Value) => Value>> = {
  mean: (mask) => div(mask, countOf(mask)),
  mean_sqrt_len_tokens: (mask) => div(mask, sqrt(countOf(mask))),
  cls: (mask, places) => oneHot(firstOf(mask), mask, places),
  lasttoken: (mask, places) => {
    const rank = mul(mask, cast(add(places, 1), "float32"));
    return oneHot(argMax(rank, 1), mask, places);
  },
  weightedmean: (mask, places) => {
    const rank = add(sub(places, unsqueeze(firstOf(mask), [1])), scalar(1, "int64"));
    const weights = mul(mask, cast(rank, "float32"));
    return div(weights, countOf(weights));
  },
};

/** The sum of each row, never 0: an empty text has the vector 0. */
function countOf(weights: Value): Value {
  return maximum(reduceSum(weights, { axes: [1], keep: true }), 1e-9);
}

/** The place of the first token of each row, `[B]`. */
function firstOf(mask: Value): Value {
  return argMax(mask, 1);
}

function oneHot(chosen: Value, mask: Value, places: Value): Value {
  return mul(cast(equal(places, unsqueeze(chosen, [1])), "float32"), mask);
}
