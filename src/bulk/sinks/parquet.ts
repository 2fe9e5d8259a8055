import { setImmediate } from "node:timers/promises";
import type { RowGroup, SchemaElement } from "hyparquet";
import { ByteWriter, ParquetWriter } from "hyparquet-writer";
import type { Document } from "../../data/documents.ts";
import { readLines } from "../../data/lines.ts";
import { openGrowingFiles } from "../growing-files.ts";
import type { SinkKind, SinkRun } from "../sink.ts";

const NAME = "vectors.parquet";
const GROUPS = "groups.jsonl";

/**
 * Apache Parquet: `id`, a string, and `vector`, a list of float32; what is appended at once is a row group. Groups are written one after the other, and what the
 * footer has to say of each is kept in a file until the end. The space and the model stand in the file's metadata under `nearfold`.
 */
export const parquet: SinkKind = {
  results: [{ name: NAME, suffix: "" }],
  open: async (run, state) => {
    const growing = await openGrowingFiles(run.folder, [NAME, GROUPS], state);
    const { [NAME]: body, [GROUPS]: groups } = growing.files;
    return {
      append: async (documents, vectors) => {
        if (documents.length === 0) return;
        const { bytes, group } = await encodeGroup(documents, vectors, { run, offset: body.bytes });
        await body.append(bytes);
        await groups.append(Buffer.from(`${JSON.stringify(group, writeBigint)}\n`));
        await growing.sync();
      },
      state: growing.state,
      finish: async () => {
        const written = groups.bytes === 0 ? [] : await readGroups(groups.path);
        await body.append(await encodeFooter(written, { run, offset: body.bytes }));
        await growing.sync();
      },
      [Symbol.asyncDispose]: () => growing[Symbol.asyncDispose](),
    };
  },
};

/** A list as the format wants it (LogicalTypes.md, "Lists"), nothing in it optional. */
const SCHEMA: SchemaElement[] = [
  { name: "root", num_children: 2 },
  {
    name: "id",
    type: "BYTE_ARRAY",
    converted_type: "UTF8",
    logical_type: { type: "STRING" },
    repetition_type: "REQUIRED",
  },
  {
    name: "vector",
    num_children: 1,
    converted_type: "LIST",
    logical_type: { type: "LIST" },
    repetition_type: "REQUIRED",
  },
  { name: "list", num_children: 1, repetition_type: "REPEATED" },
  { name: "element", type: "FLOAT", repetition_type: "REQUIRED" },
];

interface Place {
  readonly run: SinkRun;
  /** Bytes of the file before what is written. */
  readonly offset: number;
}

/** A writer that stands at an offset of the file; it writes the file's first bytes at 0 alone. */
function openWriter({ run: { model, role }, offset }: Place) {
  const bytes = new ByteWriter();
  const writer = new ParquetWriter({
    writer: bytes,
    schema: SCHEMA,
    // Bounds of ids in no order, and of numbers in a vector, let no reader pass anything over.
    statistics: false,
    createdBy: "nearfold",
    kvMetadata: [{ key: "nearfold", value: JSON.stringify({ ...model, role }) }],
  });
  if (offset > 0) Object.assign(bytes, { index: 0, offset });
  return { bytes, writer };
}

async function encodeGroup(documents: readonly Document[], vectors: Float32Array, place: Place) {
  const { dims } = place.run.model.space;
  const { bytes, writer } = openWriter(place);
  const rows = documents.map((_, i) => Array.from(vectors.subarray(i * dims, (i + 1) * dims)));
  await setImmediate();
  await writer.write({
    columnData: [
      { name: "id", data: documents.map(({ id }) => id), encoding: "PLAIN", codec: "SNAPPY" },
      // Floats of vectors do not get smaller.
      { name: "vector", data: rows, encoding: "PLAIN", codec: "UNCOMPRESSED" },
    ],
    rowGroupSize: documents.length,
  });
  return { bytes: bytes.getBytes(), group: writer.row_groups[0] };
}

async function encodeFooter(groups: readonly RowGroup[], place: Place): Promise<Uint8Array> {
  const { bytes, writer } = openWriter(place);
  writer.row_groups = [...groups];
  writer.num_rows = groups.reduce((sum, group) => sum + group.num_rows, 0n);
  await writer.finish();
  return bytes.getBytes();
}

async function readGroups(path: string): Promise<RowGroup[]> {
  return await Array.fromAsync(readLines(path), ({ text }) => JSON.parse(text, readBigint));
}

function writeBigint(_: string, value: unknown): unknown {
  return typeof value === "bigint" ? `${value}n` : value;
}

function readBigint(_: string, value: unknown): unknown {
  return typeof value === "string" && /^\d+n$/.test(value) ? BigInt(value.slice(0, -1)) : value;
}
