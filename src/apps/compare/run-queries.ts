import type { Encoder } from "../../encoder/index.ts";
import type { Hit, Run } from "../../evaluate/index.ts";
import type { VectorStore } from "../../stores/index.ts";
import { firstPassages, REACH } from "../search/first-passages.ts";

export interface Query {
  readonly id: string;
  readonly text: string;
}

/** An index, and what embeds its queries. */
export interface Side {
  readonly store: VectorStore;
  readonly encoder: Encoder;
}

export interface RunOptions {
  /** Documents kept for each query. */
  readonly depth: number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((queries: number) => void) | undefined;
}

/** Queries that are embedded and searched at once. */
const PART = 64;

/** What each query finds by vectors: documents, each once, as good as its best passage. @throws as `Encoder.encode` and `VectorStore.search` */
export async function runQueries(
  { store, encoder }: Side,
  queries: readonly Query[],
  { depth, signal, onProgress }: RunOptions,
): Promise<Run> {
  const { dims } = store.space;
  const run = new Map<string, readonly Hit[]>();
  for (let at = 0; at < queries.length; at += PART) {
    const part = queries.slice(at, at + PART);
    const texts = part.map(({ text }) => text);
    const encoded = await encoder.encode(texts, { role: "query", dims, ...(signal && { signal }) });
    const first = await store.search(encoded.vectors, REACH * depth, { signal });
    for (const [i, { id }] of part.entries()) {
      const vector = encoded.vectors.subarray(i * dims, (i + 1) * dims);
      const search = async (reach: number) =>
        reach === REACH * depth ? first[i] : (await store.search(vector, reach, { signal }))[0];
      const found = await firstPassages(search, depth);
      run.set(
        id,
        found.map(({ document, score }) => ({ id: document, score })),
      );
    }
    onProgress?.(at + part.length);
  }
  return run;
}
