import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from "node:zlib";
import {
  type AsyncBuffer,
  asyncBufferFromFile,
  type FileMetaData,
  parquetMetadataAsync,
  parquetReadObjects,
  parquetSchema,
} from "hyparquet";
import { asIoError } from "../../durable.ts";
import { NearfoldError } from "../../errors.ts";
import {
  attemptRow,
  type Fields,
  requireColumns,
  type Source,
  type SourceRow,
  toDocument,
} from "../source.ts";

/** Bytes, uncompressed, of the columns that are read of one row group: it is in memory as a whole. */
const MAX_GROUP_BYTES = 2 ** 30;

/**
 * The rows of a Parquet file (https://parquet.apache.org/docs/file-format/), a row group at a time; columns that nobody asks for are not read. An
 * id that is absent is the row's number, from 1. Compressed by Snappy, gzip, Brotli or Zstandard.
 */
export const parquet: Source = async function* (path, options = {}): AsyncGenerator<SourceRow> {
  const { skip = 0 } = options;
  const file = await openFile(path);
  const metadata = await asInput(path, () => parquetMetadataAsync(file));
  const columns = columnsOf(metadata, options, path);
  const rows = Number(metadata.num_rows);
  let start = 0;
  for (const [index, group] of metadata.row_groups.entries()) {
    const end = start + Number(group.num_rows);
    if (end > skip) {
      requireReadable(metadata, index, columns, path);
      const rowStart = Math.max(start, skip);
      const found = await asInput(path, () =>
        parquetReadObjects({ file, metadata, columns, rowStart, rowEnd: end, compressors }),
      );
      if (found.length !== end - rowStart)
        throw damaged(path, `${found.length} rows of ${end - rowStart}`);
      for (const [i, record] of found.entries()) {
        const number = rowStart + i + 1;
        const at = `${path}, row ${number}`;
        yield attemptRow({ at, share: number / rows }, () =>
          toDocument(plain(record), { ...options, at, number }),
        );
      }
    }
    start = end;
  }
};

const limited =
  (unpack: (bytes: Uint8Array, options: { maxOutputLength: number }) => Uint8Array) =>
  (bytes: Uint8Array, length: number) =>
    unpack(bytes, { maxOutputLength: Math.max(1, length) });

/** Besides those that hyparquet brings itself. */
const compressors = {
  GZIP: limited(gunzipSync),
  BROTLI: limited(brotliDecompressSync),
  ZSTD: limited(zstdDecompressSync),
};

async function openFile(path: string): Promise<AsyncBuffer> {
  try {
    return await asyncBufferFromFile(path);
  } catch (cause) {
    throw asIoError(cause, path, "read");
  }
}

/** The columns to read. @throws bad-input */
function columnsOf(metadata: FileMetaData, fields: Fields, path: string): string[] {
  const names = parquetSchema(metadata).children.map(({ element }) => element.name);
  requireColumns(names, fields, path);
  const { text, id } = fields;
  const wanted = [
    ...(text === undefined ? ["title", "text"] : [text]),
    ...(id === undefined ? ["id", "_id"] : [id]),
  ];
  return names.filter((name) => wanted.includes(name));
}

/** @throws unsupported, too-large, before a group is read */
function requireReadable(
  metadata: FileMetaData,
  index: number,
  columns: readonly string[],
  path: string,
): void {
  const read = metadata.row_groups[index].columns.flatMap(({ meta_data }) =>
    meta_data && columns.includes(meta_data.path_in_schema[0]) ? [meta_data] : [],
  );
  const codec = read.find(({ codec }) => !CODECS.includes(codec))?.codec;
  const at = `${path}, row group ${index + 1}`;
  if (codec !== undefined) {
    const wanted = CODECS.join(", ");
    throw new NearfoldError("unsupported", "compressed in a way that is not known", {
      at,
      got: codec,
      wanted,
    });
  }
  const bytes = read.reduce((sum, chunk) => sum + Number(chunk.total_uncompressed_size), 0);
  if (bytes <= MAX_GROUP_BYTES) return;
  const [got, wanted] = [`${bytes} bytes of text`, `at most ${MAX_GROUP_BYTES}`];
  const hint = "Write the file anew in smaller row groups";
  throw new NearfoldError("too-large", "the row group is too large", { at, got, wanted, hint });
}

const CODECS: readonly string[] = ["UNCOMPRESSED", "SNAPPY", ...Object.keys(compressors)];

/** Whole numbers of 64 bits are bigints there. */
function plain(record: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const simple = (value: unknown) => {
    if (typeof value !== "bigint") return value;
    return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  };
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, simple(value)]));
}

/** What goes wrong in the reader is the file's fault. @throws bad-input, io */
async function asInput<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    const error = asIoError(cause, path, "read");
    if (error instanceof NearfoldError) throw error;
    throw damaged(path, error.message, error);
  }
}

function damaged(path: string, got: string, cause?: unknown): NearfoldError {
  const wanted = "a file of Apache Parquet";
  return new NearfoldError("bad-input", "cannot be read as Parquet", {
    at: path,
    got,
    wanted,
    cause,
  });
}
