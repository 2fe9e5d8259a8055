import {
  asyncBufferFromFile,
  type FileMetaData,
  parquetMetadataAsync,
  parquetSchema,
} from "hyparquet";
import { asIoError } from "../../durable.ts";
import { NearfoldError } from "../../errors.ts";
import {
  attemptRow,
  requireColumns,
  type Source,
  type SourceOptions,
  type SourceRow,
  toDocument,
} from "../source.ts";
import { CODECS } from "./parquet-codecs.ts";
import { openParquetReader } from "./parquet-reader.ts";

/** Bytes, uncompressed, of the columns that are read of one row group: it is in memory as a whole. */
const MAX_GROUP_BYTES = 2 ** 30;

/** Rows of one row group. */
const MAX_GROUP_ROWS = 2 ** 24;

/**
 * The rows of a Parquet file (https://parquet.apache.org/docs/file-format/), a row group at a time; columns that nobody asks for are not read. An
 * id that is absent is the row's number, from 1. Compressed by Snappy, gzip, Brotli or Zstandard.
 */
export const parquet: Source = (path, options) => parquetRows(path, options);

/** @param patienceMs how long so many bytes may take: a damaged page can have no end. @default half a minute, and a second for each megabyte */
export async function* parquetRows(
  path: string,
  options: SourceOptions = {},
  patienceMs = (bytes: number) => 30_000 + bytes / 1000,
): AsyncGenerator<SourceRow> {
  const { skip = 0 } = options;
  const metadata = await asInput(path, () => readMetadata(path));
  const columns = await asInput(path, async () => columnsOf(metadata, options, path));
  await using reader = openParquetReader(path);
  const rows = Number(metadata.num_rows);
  let start = 0;
  for (const [index, group] of metadata.row_groups.entries()) {
    const end = start + Number(group.num_rows);
    const bytes = await asInput(path, async () => requireReadable(metadata, index, columns, path));
    if (end > skip) {
      const rowStart = Math.max(start, skip);
      const request = { columns, rowStart, rowEnd: end };
      const found = await asInput(path, () => reader.read(request, patienceMs(bytes)));
      if (found.length !== end - rowStart) {
        throw damaged(path, `${found.length} rows of ${end - rowStart}`);
      }
      for (const [i, record] of found.entries()) {
        const number = rowStart + i + 1;
        const at = `${path}, row ${number}`;
        yield attemptRow({ at, share: Math.min(1, number / rows) }, () =>
          toDocument(plain(record), { ...options, at, number }),
        );
      }
    }
    start = end;
  }
}

async function readMetadata(path: string): Promise<FileMetaData> {
  return await parquetMetadataAsync(await asyncBufferFromFile(path));
}

/** The columns to read. @throws bad-input */
function columnsOf(metadata: FileMetaData, fields: SourceOptions, path: string): string[] {
  const names = parquetSchema(metadata).children.map(({ element }) => element.name);
  requireColumns(names, fields, path);
  if (fields.metadata) return names;
  const { text, id } = fields;
  const wanted = [
    ...(text === undefined ? ["title", "text"] : [text]),
    ...(id === undefined ? ["id", "_id"] : [id]),
  ];
  return names.filter((name) => wanted.includes(name));
}

/** The bytes, unpacked, that are read of a row group. @throws unsupported, too-large, bad-input, before they are */
function requireReadable(
  { row_groups: groups }: FileMetaData,
  index: number,
  columns: readonly string[],
  path: string,
): number {
  const at = `${path}, row group ${index + 1}`;
  const rows = Number(groups[index].num_rows);
  if (!(rows >= 0 && rows <= MAX_GROUP_ROWS)) throw tooLarge(at, `${rows} rows`, MAX_GROUP_ROWS);
  const read = groups[index].columns.flatMap(({ meta_data }) =>
    meta_data && columns.includes(meta_data.path_in_schema[0]) ? [meta_data] : [],
  );
  const codec = read.find(({ codec }) => !CODECS.includes(codec))?.codec;
  if (codec !== undefined) {
    const what = "compressed in a way that is not known";
    const wanted = CODECS.join(", ");
    throw new NearfoldError("unsupported", what, { at, got: codec, wanted });
  }
  const bytes = read.reduce((sum, chunk) => sum + Number(chunk.total_uncompressed_size), 0);
  if (bytes >= 0 && bytes <= MAX_GROUP_BYTES) return bytes;
  throw tooLarge(at, `${bytes} bytes of text`, MAX_GROUP_BYTES);
}

function tooLarge(at: string, got: string, most: number): NearfoldError {
  const hint = "Write the file anew in smaller row groups";
  const wanted = `at most ${most}`;
  return new NearfoldError("too-large", "the row group is too large", { at, got, wanted, hint });
}

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
