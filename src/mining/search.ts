/** The two ways to what is nearest to each anchor: texts that pass by, and a store. */
import { normalizeText } from "../data/normalize.ts";
import { NearfoldError } from "../errors.ts";
import { requireSameSpace } from "../space.ts";
import type { StoreHit, VectorStore } from "../stores/index.ts";
import { Nearest } from "./nearest.ts";
import type { Candidate } from "./select.ts";
import { encodeAnchors, encoding, scorePositives, type Work } from "./work.ts";

/** Anchors that are looked up together. */
export const BLOCK = 512;

/** Closes with `await using`. */
export interface Search extends AsyncDisposable {
  /** What is nearest to each of `count` anchors, `BLOCK` at most, from `first` on; best first, each text once (`normalizeText`). */
  nearest(first: number, count: number): Promise<readonly (readonly Candidate[])[]>;
  /** Of each row of an anchor. */
  positiveScores(anchor: number): readonly number[];
}

/** Texts to choose from, read once. */
export type Texts = AsyncIterable<string> | Iterable<string>;

/** Encodes texts and keeps what is nearest; without any, the positives are the candidates. */
export async function searchTexts(work: Work, texts: Texts | undefined): Promise<Search> {
  const { encoder, anchors, positives } = work;
  const k = depth(work, texts ? Number.POSITIVE_INFINITY : positives.length);
  requireRoom(anchors.length, k);
  const queries = await encodeAnchors(work, encoder);
  await using closing = new AsyncDisposableStack();
  const nearest = closing.use(await Nearest.open(queries, k, encoder));
  const scores = await scorePositives(work, queries, encoder, async (part) => {
    if (!texts) await nearest.add(part.texts, part.vectors);
  });
  if (texts) {
    for await (const part of encoder.encodeStream(filled(texts), encoding(work, "candidates"))) {
      await nearest.add(part.texts, part.vectors);
    }
  }
  const open = closing.move();
  return {
    nearest: async (first, count) =>
      Array.from({ length: count }, (_, i) => nearest.found(first + i)),
    positiveScores: (anchor) => scores[anchor],
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}

/** Searches a store, which stays the caller's. @throws mismatch for one of another space; bad-input for a hit without a text */
export async function searchStore(work: Work, store: VectorStore): Promise<Search> {
  const { encoder, signal } = work;
  const { dims } = store.space;
  const model = { name: encoder.name, space: { ...encoder.space, dims } };
  requireSameSpace(store, model);
  const k = depth(work, await store.count());
  requireRoom(Math.min(BLOCK, work.anchors.length), k);
  const queries = await encodeAnchors(work, model);
  const scores = await scorePositives(work, queries, model);
  return {
    nearest: async (first, count) => {
      const block = queries.subarray(first * dims, (first + count) * dims);
      return await nearestTexts(store, block, k, signal ? { signal } : {});
    },
    positiveScores: (anchor) => scores[anchor],
    [Symbol.asyncDispose]: async () => {},
  };
}

/** Hits that are in memory at once where a search goes deeper, with their texts. */
const MOST_HITS = 2 ** 20;

/** The `k` nearest texts to each query, each once: where the `reach` best hits repeat some so often that fewer are left, further down. */
async function nearestTexts(
  store: VectorStore,
  queries: Float32Array,
  k: number,
  options: { readonly signal?: AbortSignal },
  reach = k,
): Promise<(readonly Candidate[])[]> {
  const { dims } = store.space;
  const hits = await store.search(queries, reach, options);
  const found: (readonly Candidate[])[] = hits.map((hits) =>
    distinct(hits.map((hit) => toCandidate(hit, store))).slice(0, k),
  );
  const short = hits.flatMap(({ length }, i) =>
    length === reach && found[i].length < k ? [i] : [],
  );
  const deeper = Math.min(4 * reach, Math.floor(MOST_HITS / short.length));
  if (short.length === 0 || deeper <= reach) return found;
  const again = new Float32Array(short.length * dims);
  for (const [i, query] of short.entries()) {
    again.set(queries.subarray(query * dims, (query + 1) * dims), i * dims);
  }
  const more = await nearestTexts(store, again, k, options, deeper);
  for (const [i, query] of short.entries()) found[query] = more[i];
  return found;
}

function distinct(candidates: readonly Candidate[]): readonly Candidate[] {
  const seen = new Map<string, Candidate>();
  for (const candidate of candidates) {
    const key = normalizeText(candidate.text);
    if (!seen.has(key)) seen.set(key, candidate);
  }
  return [...seen.values()];
}

/** What is known to match takes no rank, so there must be room for it beside the others. */
function depth({ anchors, rangeMax }: Work, most: number): number {
  const known = anchors.reduce((most, { rows }) => Math.max(most, rows.length), 0) + 1;
  return Math.max(1, Math.min(rangeMax + known, most));
}

/** Candidates in memory at once, of 12 bytes each. */
const MOST = 2 ** 26;

function requireRoom(anchors: number, k: number): void {
  if (anchors * k <= MOST) return;
  throw new NearfoldError("too-large", "too many candidates to hold", {
    got: `${anchors} anchors and ${k} for each`,
    wanted: `at most ${MOST} in all`,
    hint: "Look less far down the ranks, or mine the pairs in parts",
  });
}

/** Blank texts are nobody's negatives, and training refuses them. */
async function* filled(texts: Texts): AsyncGenerator<string> {
  for await (const text of texts) if (text.trim() !== "") yield text;
}

function toCandidate({ id, score, payload }: StoreHit, { name }: VectorStore): Candidate {
  if (typeof payload?.text === "string") return { text: payload.text, score };
  throw new NearfoldError("bad-input", "the store keeps no text of a vector", {
    at: name,
    got: `id ${JSON.stringify(id.slice(0, 60))}`,
    wanted: 'a payload with "text"',
  });
}
