/**
 * A store in Milvus 2.5 or later: a collection for each index. Vectors lie in a graph (HNSW, inner product), keywords are Milvus' own BM25, and every
 * read sees what was written before it. A batch is one message of at most 32 MiB; an id has at most 65,535 bytes, a payload as many as it is kept, and a
 * search at most 16,384 hits. `rows()` reads the rows of one moment's ids as they are when their turn comes: what is deleted meanwhile may be missing.
 * `delete` counts what was there when it was asked: two that delete the same row at once may both count it.
 * Its client is an optional package, loaded when such a reference is opened.
 */
import { NearfoldError } from "../../errors.ts";
import type { Space } from "../../space.ts";
import { isAsTheyAre, type Kept } from "../kept.ts";
import { parseServerReference } from "../server-reference.ts";
import type { OpenStoreOptions, StoreKind, VectorStore } from "../store.ts";
import { Milvus } from "./client.ts";
import { openCollection } from "./collection.ts";
import { MilvusStore } from "./milvus-store.ts";

const example = "milvus://user:password@host:19530/database?index=products";

export const milvus: StoreKind = {
  about: "a Milvus server",
  example,
  claims: (reference) => reference.startsWith("milvus://"),
  persistent: true,
  formats: false,
  open: openMilvusStore,
};

/** @throws as `StoreKind.open`; unsupported where its client is not installed, or for another format than float32's; io where no server answers */
export async function openMilvusStore(
  reference: string,
  options: OpenStoreOptions = {},
): Promise<VectorStore> {
  const parsed = parseServerReference(reference, { example, index: "documents" });
  const { name, index } = parsed;
  if (/^\d/.test(index)) {
    const [got, wanted] = [index, "a letter or _ at its beginning"];
    throw new NearfoldError("bad-argument", "not the name of an index in Milvus", { got, wanted });
  }
  if (options.model) refuseFormats(options.kept, options.model.space, name);
  await using opening = new AsyncDisposableStack();
  const client = opening.use(await Milvus.connect(parsed));
  const record = await openCollection(client, parsed, options);
  refuseFormats(options.kept, record.space, name);
  const writes = options.access !== "read";
  const store = new MilvusStore(name, { index, record, milvus: client, writes });
  opening.move();
  return store;
}

function refuseFormats(kept: Kept | undefined, space: Space, at: string): void {
  if (!kept || isAsTheyAre(kept, space)) return;
  const hint = "Leave the format out, or use a folder";
  throw new NearfoldError("unsupported", "Milvus keeps vectors as float32 alone", { at, hint });
}
