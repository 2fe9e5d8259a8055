import type { Encoder } from "../../encoder/index.ts";
import type { Hit, Run } from "../../evaluate/index.ts";
import type { StoreHit, VectorStore } from "../../stores/index.ts";

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
/** Passages of one document that the first hits may be. */
const REACH = 4;

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
    const found = await store.search(encoded.vectors, REACH * depth, { signal });
    part.forEach(({ id }, i) => {
      run.set(id, documentsOf(found[i]).slice(0, depth));
    });
    onProgress?.(at + part.length);
  }
  return run;
}

function documentsOf(hits: readonly StoreHit[]): readonly Hit[] {
  const best = new Map<string, Hit>();
  for (const { id, score, payload } of hits) {
    const document = typeof payload?.source === "string" ? payload.source : id;
    if (!best.has(document)) best.set(document, { id: document, score });
  }
  return [...best.values()];
}
