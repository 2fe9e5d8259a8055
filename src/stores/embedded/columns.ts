/** The Lance table of rows: its columns, and Arrow batches to and from them. */
import {
  Table as ArrowTable,
  Field,
  FixedSizeBinary,
  FixedSizeList,
  Float32,
  makeData,
  RecordBatch,
  Schema,
  Struct,
  Utf8,
  type Vector,
  vectorFromArray,
} from "apache-arrow";
import type { Space } from "../../space.ts";
import { keepVectors, vectorKinds } from "../../vectors/index.ts";
import { isAsTheyAre, type Kept, rowBytes } from "../kept.ts";
import type { Payload, RowsOptions, Stored } from "../store.ts";

/** What a table's columns follow from. */
export interface Columns {
  readonly space: Space;
  readonly kept: Kept;
}

/** Lance keeps it as JSONB, answers conditions on it and gives it back as text. */
const JSON_TYPE = new Map([["ARROW:extension:name", "arrow.json"]]);

/** `id`, `text` and `payload` (the rest of it), and `vector` `[D]` or, in other formats, `codes` and perhaps `finer`. */
export function schemaOf({ space, kept }: Columns): Schema {
  const number = new Field("item", new Float32(), true);
  const { search, rescore } = rowBytes(kept);
  const vectors = isAsTheyAre(kept, space)
    ? [new Field("vector", new FixedSizeList(space.dims, number), true)]
    : [
        new Field("codes", new FixedSizeBinary(search), true),
        ...(rescore ? [new Field("finer", new FixedSizeBinary(rescore), true)] : []),
      ];
  return new Schema([
    new Field("id", new Utf8(), false),
    new Field("text", new Utf8(), true),
    new Field("payload", new Utf8(), true, JSON_TYPE),
    ...vectors,
  ]);
}

/** Rows `[N, D]`, as `comparable` gives them, as one batch. */
export function batchOf(
  columns: Columns,
  ids: readonly string[],
  rows: Float32Array,
  payloads: readonly Payload[] | undefined,
): ArrowTable {
  const { space, kept } = columns;
  const schema = schemaOf(columns);
  const length = ids.length;
  const texts = payloads?.map(({ text }) => (typeof text === "string" ? text : null));
  const rest = payloads?.map((payload) => JSON.stringify(withoutText(payload)));
  const nothing = new Array<null>(length).fill(null);
  const strings = [ids, texts ?? nothing, rest ?? nothing].map(
    (column) => vectorFromArray(column as (string | null)[], new Utf8()).data[0],
  );
  const types = schema.fields.slice(3).map(({ type }) => type);
  const vectors = isAsTheyAre(kept, space)
    ? [
        makeData({
          type: types[0] as FixedSizeList<Float32>,
          length,
          nullCount: 0,
          child: makeData({ type: new Float32(), length: rows.length, data: rows }),
        }),
      ]
    : codesOf(kept, rows, space.dims).map(({ codes }, i) =>
        makeData({ type: types[i] as FixedSizeBinary, length, nullCount: 0, data: codes }),
      );
  const type = new Struct(schema.fields);
  const children = [...strings, ...vectors];
  const data = makeData({ type, length, nullCount: 0, children });
  return new ArrowTable(schema, new RecordBatch(schema, data));
}

function codesOf(kept: Kept, rows: Float32Array, dims: number) {
  const { search, rescore } = keepVectors(kept, rows, dims);
  return [search, ...(rescore ? [rescore] : [])];
}

function withoutText(payload: Payload): Payload {
  const { text, ...rest } = payload;
  return typeof text === "string" ? rest : payload;
}

/** A row as Lance gives it; columns that were not asked for are absent. */
export interface LanceRow {
  readonly id: string;
  readonly text?: string | null;
  readonly payload?: string | null;
  readonly vector?: Vector<Float32>;
  readonly codes?: Uint8Array;
  readonly finer?: Uint8Array;
  readonly _rowid?: bigint;
  readonly _distance?: number;
  readonly _score?: number;
}

export function storedOf(row: LanceRow, columns: Columns): Stored {
  const payload = payloadOf(row);
  const vector = vectorOf(row, columns);
  return { id: row.id, ...(payload && { payload }), ...(vector && { vector }) };
}

function payloadOf({ text, payload }: LanceRow): Payload | undefined {
  if (typeof payload !== "string") return undefined;
  const rest = JSON.parse(payload) as Payload;
  return typeof text === "string" ? { text, ...rest } : rest;
}

/** Undefined where its columns were not read. */
function vectorOf({ vector, codes, finer }: LanceRow, { kept }: Columns) {
  if (vector) return Float32Array.from(vector.toArray());
  const { search, rescore: quantizer = search } = kept;
  const bytes = finer ?? codes;
  return bytes && vectorKinds[quantizer.format.type].decode(aligned(bytes), quantizer);
}

/** A copy at the beginning of a buffer of its own. */
function aligned(bytes: Uint8Array): Uint8Array {
  return Uint8Array.from(bytes);
}

/** How a query reads: which columns of a row come back. */
export function columnsRead(
  { space, kept }: Columns,
  { vectors = false, payloads = true }: Pick<RowsOptions, "vectors" | "payloads">,
): string[] {
  const codes = kept.rescore ? ["codes", "finer"] : ["codes"];
  return [
    "id",
    ...(payloads ? ["text", "payload"] : []),
    ...(vectors ? (isAsTheyAre(kept, space) ? ["vector"] : codes) : []),
  ];
}
