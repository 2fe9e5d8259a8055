import type { Encoder } from "../../encoder/index.ts";
import { type Filter, searchHybrid, type VectorStore } from "../../stores/index.ts";
import type { Payload } from "../../stores/store.ts";
import type { SimilarityTo } from "./extract.ts";
import type { Retrieved, Retriever } from "./retrieved.ts";

export interface StoreRetrieverOptions {
  /** Which rows count. @default all */
  readonly filter?: Filter | undefined;
}

/**
 * Passages of a store by hybrid search: in the order of the fused ranks, each with its cosine, by which it is known how near it is.
 * @param encoder whose queries the store takes, as `requireQuerySpace` says
 */
export function storeRetriever(
  store: VectorStore,
  encoder: Encoder,
  { filter }: StoreRetrieverOptions = {},
): Retriever {
  const { dims } = store.space;
  return async (question, k, signal) => {
    const encoded = await encoder.encode([question], {
      ...{ role: "query", dims },
      ...(signal && { signal }),
    });
    const query = { text: question, vector: encoded.vectors };
    const hits = await searchHybrid(store, query, k, { filter, signal });
    const rows = await store.get(
      hits.map(({ id }) => id),
      { vectors: true },
    );
    return hits.flatMap(({ id, payload = {} }, i) => {
      const { text } = payload;
      const vector = rows[i]?.vector;
      if (typeof text !== "string" || !vector) return [];
      return [{ id, text, score: cosine(query.vector, vector), ...placeOf(payload) }];
    });
  };
}

/** How near sentences are to a question, by a model's cosines. */
export function encoderSimilarity(encoder: Encoder): SimilarityTo {
  return async (question, texts, signal) => {
    const how = signal ? { signal } : {};
    const asked = await encoder.encode([question], { role: "query", ...how });
    const { vectors, dims } = await encoder.encode(texts, { role: "document", ...how });
    return texts.map((_, i) => cosine(asked.vectors, vectors.subarray(i * dims, (i + 1) * dims)));
  };
}

/** 0 where one of them has no length. */
function cosine(a: Float32Array, b: Float32Array): number {
  let [product, ofA, ofB] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    product += a[i] * b[i];
    ofA += a[i] ** 2;
    ofB += b[i] ** 2;
  }
  return ofA === 0 || ofB === 0 ? 0 : product / Math.sqrt(ofA * ofB);
}

/** What a payload says of where its passage stands; of another program's, as much as is of the right kind. */
function placeOf({ source, title, headings, start, end, page }: Payload): Partial<Retrieved> {
  const isList = Array.isArray(headings) && headings.every((one) => typeof one === "string");
  return {
    ...(typeof source === "string" && { source }),
    ...(typeof title === "string" && { title }),
    ...(isList && { headings: headings as readonly string[] }),
    ...(Number.isSafeInteger(start) && { start: start as number }),
    ...(Number.isSafeInteger(end) && { end: end as number }),
    ...(Number.isSafeInteger(page) && { page: page as number }),
  };
}
