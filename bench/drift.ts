/** Two models of different make over the same collections, for what one finds in the other's index. */
import { readBeir } from "../src/data/beir.ts";
import type { RetrievalSet } from "../src/data/index.ts";
import { someSentences } from "../src/data/sentences.ts";
import { type Encoder, openEncoder } from "../src/encoder/index.ts";
import { sequence, shuffle } from "../src/graph/rng.ts";
import { miniLm } from "../test/minilm.ts";
import { loadPotion } from "../test/potion.ts";
import { shared } from "../test/shared.ts";

const SETS = ["scifact", "cranfield"] as const;

/** Texts that an adapter is fitted on, as `nearfold migrate` draws them. */
const SAMPLE = 2048;

type Embed = (
  texts: readonly string[],
  role: "query" | "document",
) => Promise<{ readonly vectors: Float32Array; readonly width: number }>;

/** What a model makes of a collection: rows of unit length. */
export interface ModelVectors {
  readonly width: number;
  readonly documents: Float32Array;
  readonly queries: Float32Array;
  /** A sentence of each document of the sample. */
  readonly sentences: Float32Array;
}

/** A collection by both models. */
export interface TwoModels {
  readonly name: string;
  readonly set: RetrievalSet;
  /** Rows of documents that an adapter may be fitted on. */
  readonly sample: readonly number[];
  readonly miniLm: ModelVectors;
  readonly potion: ModelVectors;
}

/** SciFact and Cranfield by all-MiniLM-L6-v2 and potion-base-2M. */
export async function encodeByBoth(log: (line: string) => void): Promise<readonly TwoModels[]> {
  const potion = await loadPotion();
  await using encoder = await openEncoder(miniLm);
  const models: Readonly<Record<"miniLm" | "potion", Embed>> = {
    miniLm: (texts, role) => embed(encoder, texts, role),
    potion: async (texts) => {
      const { data, shape } = potion(texts);
      return { vectors: data, width: shape[1] };
    },
  };
  const found: TwoModels[] = [];
  for (const name of SETS) {
    const set = await readBeir(shared(`data/${name}`), { split: "test" });
    const texts = [...set.documents.values()];
    const rows = shuffle(Int32Array.from(texts.keys()), sequence(42)).subarray(0, SAMPLE);
    const sentences = [...rows].map((row) => someSentences(texts[row], 2).at(-1) ?? texts[row]);
    const both = async (by: Embed): Promise<ModelVectors> => {
      const documents = await by(texts, "document");
      const queries = await by([...set.queries.values()], "query");
      return {
        width: documents.width,
        documents: documents.vectors,
        queries: queries.vectors,
        sentences: (await by(sentences, "query")).vectors,
      };
    };
    log(`encoding ${texts.length} documents of ${name} by both models`);
    const [mini, small] = [await both(models.miniLm), await both(models.potion)];
    found.push({ name, set, sample: [...rows], miniLm: mini, potion: small });
  }
  return found;
}

async function embed(encoder: Encoder, texts: readonly string[], role: "query" | "document") {
  const { vectors, dims } = await encoder.encode(texts, { role });
  return { vectors, width: dims };
}
