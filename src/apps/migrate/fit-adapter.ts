/** Fits a drift adapter on texts of the index, and measures what it finds. */
import { someSentences } from "../../data/sentences.ts";
import type { Encoder } from "../../encoder/index.ts";
import { NearfoldError } from "../../errors.ts";
import type { Stored, VectorStore } from "../../stores/index.ts";
import { chooseDriftMap, isHeldOut } from "../../vectors/choose-drift-map.ts";
import { applyDriftMap } from "../../vectors/drift-map.ts";
import { meanOverlap } from "../../vectors/index.ts";
import type { Adapter } from "./adapter-file.ts";

/** Both models and their indexes, in which the same ids hold the same texts. */
export interface AdapterSides {
  /** Of the model that will ask: holds the sample at least. */
  readonly asking: { readonly store: VectorStore; readonly encoder: Encoder };
  /** The index that will be asked, and its own model. */
  readonly asked: { readonly store: VectorStore; readonly encoder: Encoder };
}

export interface FitOptions {
  readonly signal?: AbortSignal | undefined;
}

/** Texts below which nothing is worth fitting. */
const LEAST = 40;
/** Held-out sentences that the whole index is asked. */
const QUERIES = 256;
const K = 10;

/**
 * An adapter that is fitted on some texts, as documents by the vectors that both indexes keep of them, and a sentence of each as a query. Of several maps
 * the one that finds most of what the asking model itself finds, with held-out sentences as queries, among the texts of the sample.
 * @throws bad-argument for a sample of fewer than 40 texts
 */
export async function fitAdapter(
  { asking, asked }: AdapterSides,
  sample: readonly { readonly id: string; readonly text: string }[],
  options: FitOptions = {},
): Promise<{ readonly adapter: Adapter; readonly heldOut: readonly string[] }> {
  if (sample.length < LEAST) {
    const [got, wanted] = [`${sample.length} texts`, `at least ${LEAST}`];
    throw new NearfoldError("bad-argument", "too few texts to fit an adapter", { got, wanted });
  }
  const ids = sample.map(({ id }) => id);
  const texts = sample.map(queryOf);
  const sampled = async ({ store, encoder }: AdapterSides["asking"]) => ({
    space: store.space,
    documents: await vectorsOf(store, ids),
    sentences: await encodeQueries({ store, encoder }, texts, options),
  });
  const { map, recall } = chooseDriftMap({
    asking: await sampled(asking),
    asked: await sampled(asked),
  });
  const heldOut = texts.filter((_, row) => isHeldOut(row));
  const measured = { ...recall, queries: heldOut.length, documents: sample.length };
  const spaces = { asking: asking.store.space, asked: asked.store.space };
  const learnt = 2 * (texts.length - heldOut.length);
  return {
    adapter: { map, ...spaces, model: asked.encoder.name, texts: learnt, measured },
    heldOut: heldOut.slice(0, QUERIES),
  };
}

/** Measures an adapter anew, over both indexes as they are. @param queries that it was not fitted on */
export async function measureAdapter(
  adapter: Adapter,
  { asking, asked }: AdapterSides,
  queries: readonly string[],
  options: FitOptions = {},
): Promise<Adapter> {
  const own = await encodeQueries(asking, queries, options);
  const theirs = await encodeQueries(asked, queries, options);
  const search = async (store: VectorStore, vectors: Float32Array) =>
    (await store.search(vectors, K, options)).map((hits) => hits.map(({ id }) => id));
  const wanted = await search(asking.store, own);
  const before = await search(asked.store, theirs);
  const found = await search(asked.store, applyDriftMap(adapter.map, own));
  const measured = {
    recall: meanOverlap(wanted, found),
    agreement: meanOverlap(before, found),
    own: meanOverlap(wanted, before),
    ...{ queries: queries.length, documents: await asked.store.count() },
  };
  return { ...adapter, measured };
}

/** A sentence from the middle of a text; the text where it is a single one. */
export function queryOf({ text }: { readonly text: string }): string {
  return someSentences(text, 2).at(-1) ?? text;
}

async function vectorsOf(store: VectorStore, ids: readonly string[]): Promise<Float32Array> {
  const { dims } = store.space;
  const rows: readonly (Stored | undefined)[] = await store.get(ids, { vectors: true });
  const out = new Float32Array(ids.length * dims);
  rows.forEach((row, i) => {
    if (row?.vector) out.set(row.vector, i * dims);
  });
  return out;
}

async function encodeQueries(
  { store, encoder }: AdapterSides["asking"],
  texts: readonly string[],
  { signal }: FitOptions,
): Promise<Float32Array> {
  const { dims } = store.space;
  const encoded = await encoder.encode(texts, { role: "query", dims, ...(signal && { signal }) });
  return encoded.vectors;
}
