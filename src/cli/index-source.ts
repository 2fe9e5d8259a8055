/** What `index` reads: twice, once to find mistakes before the first vector, once to encode. */
import { type Fields, openInput, type SourceRow } from "../bulk/index.ts";
import { skips } from "../data/index.ts";
import { NearfoldError } from "../errors.ts";
import type { Context } from "./command.ts";
import { type ReadingOptions, reportSkipped } from "./reading.ts";
import { Sample } from "./vector-format.ts";

export interface SourceReading extends Fields, ReadingOptions {}

/** Documents that can be read again and again. */
export interface IndexSource {
  readonly path: string;
  readonly bytes: number;
  /** Ids of all documents. */
  readonly ids: ReadonlySet<string>;
  readonly skipped: number;
  /** Drawn from all over the input. */
  readonly sample: readonly { readonly id: string; readonly text: string }[];
  readonly rows: () => AsyncIterable<SourceRow>;
}

/**
 * Reads all of an input before the first vector: a mistake in its last line should not cost an hour.
 * @throws not-found, io; bad-input for a row that is none, unless they are to be skipped, and for an id used twice
 */
export async function readSource(
  path: string,
  { text, id, skipBad = false }: SourceReading,
  { report }: Pick<Context, "report">,
): Promise<IndexSource> {
  const { read, bytes, stamp } = await openInput(path);
  if (stamp === undefined) {
    const hint = "Write it to a file first";
    throw new NearfoldError("unsupported", "a pipe can't be read twice", { at: path, hint });
  }
  const rows = () => goodRows(read(path, { text, id, metadata: true }), skipBad);
  const skipped = skips();
  const ids = new Set<string>();
  const sample = new Sample<{ readonly id: string; readonly text: string }>();
  for await (const row of read(path, { text, id, metadata: true })) {
    if ("error" in row) {
      if (!skipBad) throw row.error;
      skipped.onBad(row.error);
      continue;
    }
    const { document } = row;
    if (ids.has(document.id)) {
      const got = JSON.stringify(document.id.slice(0, 60));
      throw new NearfoldError("bad-input", "an id is used twice", { at: row.at, got });
    }
    ids.add(document.id);
    sample.offer({ id: document.id, text: document.text });
  }
  if (ids.size === 0) {
    const wanted = "at least one text";
    throw new NearfoldError("bad-input", "no row is usable", { at: path, wanted });
  }
  reportSkipped(path, skipped, report);
  return { path, bytes, ids, skipped: skipped.count, sample: sample.rows, rows };
}

async function* goodRows(
  rows: AsyncIterable<SourceRow>,
  skipBad: boolean,
): AsyncGenerator<SourceRow> {
  for await (const row of rows) if (!skipBad || !("error" in row)) yield row;
}
