/** MiniLM as a matcher of records: as it is, and fine-tuned on labelled pairs. */
import type { Pair } from "../src/data/index.ts";
import type { TrainOptions } from "../src/train/index.ts";
import { trainedMiniLm } from "./cached-model.ts";
import { cachedVectors } from "./cached-vectors.ts";
import type { EntityPair, SerializationName } from "./entity-pairs.ts";
import { serializations } from "./entity-pairs.ts";

/** Labelled negatives of a pair that are shown beside it. */
const NEGATIVES = 1;
/** Records are cut here while training: what tells them apart stands at their beginning. */
const MAX_TOKENS = 64;

/** A set of few matches is passed over more often. */
const LEAST_STEPS = 30;

const recipe = {
  epochs: 3,
  batchSize: 32,
  learningRate: 1e-4,
  precision: "int8",
  seed: 7,
} as const satisfies TrainOptions;

/** The folder of MiniLM trained on the matches among these pairs, each beside non-matches of its record: hard negatives that somebody labelled. */
export async function fineTuned(
  pairs: readonly EntityPair[],
  serialization: SerializationName,
  log: (line: string) => void,
): Promise<string> {
  const rows = toRows(pairs, serializations[serialization]);
  const least = Math.ceil((LEAST_STEPS * recipe.batchSize) / rows.length);
  const options = { ...recipe, epochs: Math.max(recipe.epochs, least) };
  return await trainedMiniLm(rows, { ...options, maxTokens: MAX_TOKENS }, log);
}

/** Cosines of pairs by a model's vectors. */
export async function modelScores(
  model: string,
  pairs: readonly EntityPair[],
  serialization: SerializationName,
): Promise<number[]> {
  const serialize = serializations[serialization];
  const texts = [...new Set(pairs.flatMap(({ left, right }) => [left, right]))];
  const rows = new Map(texts.map((text, row) => [text, row]));
  const {
    data,
    shape: [, dims],
  } = await cachedVectors(model, texts.map(serialize));
  const vector = (text: string) => {
    const row = rows.get(text)!;
    return data.subarray(row * dims, (row + 1) * dims);
  };
  return pairs.map(({ left, right }) => {
    const [a, b] = [vector(left), vector(right)];
    return a.reduce((sum, x, i) => sum + x * b[i], 0);
  });
}

/** A row for each match: its record, the other, and non-matches of either that were labelled, the first ones of the file. */
function toRows(pairs: readonly EntityPair[], serialize: (record: string) => string): Pair[] {
  const apart = new Map<string, string[]>();
  for (const { left, right, label } of pairs) {
    if (label === 0) apart.set(left, [...(apart.get(left) ?? []), right]);
  }
  const spare = pairs.filter(({ label }) => label === 0).map(({ right }) => right);
  return pairs
    .filter(({ label }) => label === 1)
    .map(({ left, right }, i) => {
      const own = apart.get(left) ?? [];
      const others = Array.from(
        { length: NEGATIVES },
        (_, n) => spare[(i * NEGATIVES + n) % spare.length],
      );
      return {
        anchor: serialize(left),
        positive: serialize(right),
        negatives: [...own, ...others].slice(0, NEGATIVES).map(serialize),
      };
    });
}
