/** A collection for each index: its fields, its indexes, and a property, which records whose vectors it holds. */
import type { MilvusClient } from "@zilliz/milvus2-sdk-node";
import { NearfoldError } from "../../errors.ts";
import { requireSameSpace, type Space } from "../../space.ts";
import type { OpenStoreOptions, Payload } from "../store.ts";
import { MAX_BYTES, MAX_DIMS } from "./bounds.ts";
import type { Milvus } from "./client.ts";

/** Links of a row, and candidates while they are chosen. */
const GRAPH = { M: 16, efConstruction: 128 };

const VERSION = 1;
const PROPERTY = "nearfold.index";
const NOT_THERE = 100;

export interface IndexRecord {
  readonly space: Space;
  readonly notes: Payload;
}

/**
 * What is recorded of an index; made first, where it is not there and `model` is given.
 * @throws not-found; mismatch; bad-input for a collection that is none of ours
 */
export async function openCollection(
  milvus: Milvus,
  { name, index }: { readonly name: string; readonly index: string },
  { model, access = "write", notes = {} }: OpenStoreOptions,
): Promise<IndexRecord> {
  const doing = "to open the index";
  let record = await readRecord(milvus, index, name);
  if (!record) {
    if (access === "read" || !model) {
      const wanted = "a collection of that name, and a model for a new one";
      throw new NearfoldError("not-found", "there is no index here", { at: name, wanted });
    }
    const { space } = model;
    if (space.dims > MAX_DIMS || space.dims < 1) {
      const [got, wanted] = [`${space.dims} dimensions`, `at most ${MAX_DIMS}`];
      throw new NearfoldError("unsupported", "Milvus keeps no vectors that long", {
        ...{ at: name, got, wanted },
      });
    }
    await milvus.call((client) => create(client, index, { space, notes }), { doing });
    // Of two that made it at once, as one of them did.
    record = (await readRecord(milvus, index, name))!;
  }
  if (model) requireSameSpace({ name, space: record.space }, model);
  await load(milvus, index, doing);
  return record;
}

/** Nothing is searched before; `loadCollectionSync` alone waits half a second at least. */
async function load(milvus: Milvus, index: string, doing: string): Promise<void> {
  const collection = { collection_name: index };
  const { state } = await milvus.call((client) => client.getLoadState(collection), { doing });
  if (state === "LoadStateLoaded") return;
  await milvus.call((client) => client.loadCollectionSync(collection), { doing });
}

async function readRecord(
  milvus: Milvus,
  index: string,
  at: string,
): Promise<IndexRecord | undefined> {
  const found = await milvus.call(
    async (client) => {
      const answer = await client.describeCollection({ collection_name: index, cache: false });
      return answer.status.code === NOT_THERE ? { schema: undefined } : answer;
    },
    { doing: "to open the index" },
  );
  if (!found.schema) return undefined;
  const text = found.properties.find(({ key }) => key === PROPERTY)?.value;
  const { version, space, notes } = parseObject(text === undefined ? "" : String(text));
  if (version === VERSION) return { space, notes } as IndexRecord;
  if (version !== undefined) {
    const [got, wanted] = [`version ${version}`, `${VERSION}`];
    throw new NearfoldError("unsupported", "another version wrote this index", {
      ...{ at, got, wanted, hint: "Build it anew, or update nearfold" },
    });
  }
  throw new NearfoldError("bad-input", "this collection is not an index of nearfold's", {
    ...{ at, hint: "Choose another name: ?index=NAME" },
  });
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

async function create(client: MilvusClient, index: string, record: IndexRecord) {
  const { DataType, FunctionType } = await import("@zilliz/milvus2-sdk-node");
  return await client.createCollection({
    collection_name: index,
    properties: { [PROPERTY]: JSON.stringify({ version: VERSION, ...record }) },
    // What was written is seen by whoever reads next.
    consistency_level: "Strong",
    fields: [
      { name: "id", data_type: DataType.VarChar, is_primary_key: true, max_length: MAX_BYTES },
      { name: "vector", data_type: DataType.FloatVector, dim: record.space.dims },
      { name: "payload", data_type: DataType.JSON },
      { name: "text", data_type: DataType.VarChar, max_length: MAX_BYTES, enable_analyzer: true },
      { name: "words", data_type: DataType.SparseFloatVector },
    ],
    functions: [
      {
        ...{ name: "bm25", type: FunctionType.BM25, params: {} },
        ...{ input_field_names: ["text"], output_field_names: ["words"] },
      },
    ],
    index_params: [
      { field_name: "vector", index_type: "HNSW", metric_type: "IP", params: GRAPH },
      { field_name: "words", index_type: "SPARSE_INVERTED_INDEX", metric_type: "BM25", params: {} },
    ],
  });
}
