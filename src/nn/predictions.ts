/** The tokens that a language model is to predict: chosen by masking, and as the feeds of a packed batch. */
import { bug, NearfoldError } from "../errors.ts";
import { input } from "../graph/node.ts";
import { uniform } from "../graph/rng.ts";
import { floats, ints, type Tensor } from "../tensor/tensor.ts";
import type { PredictionInputs } from "./language-head.ts";
import { packedOrder, roundUpTokens } from "./pack.ts";

/** A token to be predicted. */
export interface Prediction {
  /** Which sequence of the batch it is in. */
  readonly sequence: number;
  /** The place whose vector predicts it: the one before its own, as the model was trained to. */
  readonly place: number;
  readonly id: number;
}

export interface MaskOptions {
  /** The id that stands for a masked token. */
  readonly maskId: number;
  /** How likely each token is masked. @default 0.2 */
  readonly share?: number;
  /** Ids that stay: special tokens. @default none */
  readonly kept?: ReadonlySet<number>;
  readonly seed: number;
  readonly step: number;
}

export interface Masked {
  /** Copies with the mask in place of some tokens. */
  readonly sequences: readonly Int32Array[];
  readonly predictions: readonly Prediction[];
}

/**
 * Masks tokens for masked next-token prediction (LLM2Vec, arXiv:2404.05961 §2.2). Each is masked or not by (seed, step, sequence, place) alone,
 * whatever else is in the batch. The first token stays: no place is before it.
 * @throws bad-argument for a share that is not above 0 and at most 1
 */
export function maskTokens(sequences: readonly ArrayLike<number>[], options: MaskOptions): Masked {
  const { maskId, share = 0.2, kept, seed, step } = options;
  if (!(share > 0 && share <= 1)) {
    throw new NearfoldError("bad-argument", "not a share of the tokens", {
      got: `${share}`,
      wanted: "a number above 0, at most 1",
    });
  }
  const predictions: Prediction[] = [];
  const masked = sequences.map((sequence, i) => {
    const ids = Int32Array.from(sequence);
    for (let place = 1; place < ids.length; place++) {
      const id = ids[place];
      if (kept?.has(id) || uniform(seed, step, i, place) >= share) continue;
      predictions.push({ sequence: i, place: place - 1, id });
      ids[place] = maskId;
    }
    return ids;
  });
  return { sequences: masked, predictions };
}

const names = { rows: "predict.rows", targets: "predict.targets", weights: "predict.weights" };

/** The graph inputs that `packPredictions` feeds. */
export function predictionInputs(): PredictionInputs {
  return {
    rows: input(names.rows, "int32", ["M"]),
    targets: input(names.targets, "int32", ["M"]),
    weights: input(names.weights, "float32", ["M"]),
  };
}

/** The feeds of predictions from a batch of sequences that `pack` packs. `M` is rounded up, by predictions of no weight, so that shapes stay few. */
export function packPredictions(
  sequences: readonly ArrayLike<number>[],
  predictions: readonly Prediction[],
): Record<string, Tensor> {
  const starts = new Int32Array(sequences.length);
  let row = 0;
  for (const i of packedOrder(sequences)) {
    starts[i] = row;
    row += sequences[i].length;
  }
  const size = roundUpTokens(Math.max(predictions.length, 1));
  const [rows, targets] = [new Int32Array(size), new Int32Array(size)];
  const weights = new Float32Array(size);
  predictions.forEach(({ sequence, place, id }, m) => {
    if (sequences[sequence]?.[place] === undefined) {
      throw bug("a prediction from a token that is not there", { got: `${sequence}, ${place}` });
    }
    rows[m] = starts[sequence] + place;
    targets[m] = id;
    weights[m] = 1;
  });
  return {
    [names.rows]: ints(rows),
    [names.targets]: ints(targets),
    [names.weights]: floats(weights),
  };
}
