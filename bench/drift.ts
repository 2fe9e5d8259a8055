/** Pairs of models over the same collections, for what one finds in the other's index. */
import { readBeir } from "../src/data/beir.ts";
import type { RetrievalSet } from "../src/data/index.ts";
import { someSentences } from "../src/data/sentences.ts";
import { sequence, shuffle } from "../src/graph/rng.ts";
import { miniLm } from "../test/minilm.ts";
import { loadPotion } from "../test/potion.ts";
import { shared } from "../test/shared.ts";
import { trainedMiniLm } from "./cached-model.ts";
import { cachedVectors } from "./cached-vectors.ts";
import { readScifact, toPairs } from "./real-data.ts";
import { scifactOptions } from "./scifact.ts";

const SETS = ["scifact", "cranfield"] as const;

/** Texts that an adapter is fitted on, as `nearfold migrate` draws them. */
const SAMPLE = 4096;

/** Rows `[N, width]` of unit length; no model here knows prompts. */
type Embed = (
  texts: readonly string[],
) => Promise<{ data: Float32Array; shape: readonly number[] }>;

/** What a model makes of a collection. */
export interface ModelVectors {
  readonly width: number;
  readonly documents: Float32Array;
  readonly queries: Float32Array;
  /** A sentence of each document of the sample. */
  readonly sentences: Float32Array;
}

/** A collection by each model. */
export interface ManyModels {
  readonly name: string;
  readonly set: RetrievalSet;
  /** Rows of documents that an adapter may be fitted on. */
  readonly sample: readonly number[];
  readonly vectors: Readonly<Record<ModelName, ModelVectors>>;
}

/** all-MiniLM-L6-v2, the same tuned on SciFact's train claims, and potion-base-2M, a static model. */
export type ModelName = "MiniLM" | "MiniLM tuned" | "potion";

/** SciFact and Cranfield by each model. */
export async function encodeByEach(log: (line: string) => void): Promise<readonly ManyModels[]> {
  const pairs = toPairs(await readScifact("train"));
  const tuned = await trainedMiniLm(pairs, { ...scifactOptions, precision: "int8" }, log);
  const potion = await loadPotion();
  const models: Readonly<Record<ModelName, Embed>> = {
    MiniLM: (texts) => cachedVectors(miniLm, texts),
    "MiniLM tuned": (texts) => cachedVectors(tuned, texts),
    potion: async (texts) => potion(texts),
  };
  const found: ManyModels[] = [];
  for (const name of SETS) {
    const set = await readBeir(shared(`data/${name}`), { split: "test" });
    const texts = [...set.documents.values()];
    const rows = shuffle(Int32Array.from(texts.keys()), sequence(42)).subarray(0, SAMPLE);
    const sentences = [...rows].map((row) => someSentences(texts[row], 2).at(-1) ?? texts[row]);
    const encode = async (model: ModelName): Promise<ModelVectors> => {
      log(`encoding ${texts.length} documents of ${name} by ${model}`);
      const embed = models[model];
      const { data, shape } = await embed(texts);
      const [queries, asked] = [await embed([...set.queries.values()]), await embed(sentences)];
      return { width: shape[1], documents: data, queries: queries.data, sentences: asked.data };
    };
    const vectors = {
      MiniLM: await encode("MiniLM"),
      "MiniLM tuned": await encode("MiniLM tuned"),
      potion: await encode("potion"),
    };
    found.push({ name, set, sample: [...rows], vectors });
  }
  return found;
}
