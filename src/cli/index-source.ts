/** What `index` reads: twice, once to find mistakes before the first vector, once to encode. */
import { stat } from "node:fs/promises";
import { extname } from "node:path";
import { type Fields, openInput, type SourceRow } from "../bulk/index.ts";
import { skips } from "../data/index.ts";
import { contextualText, isDocumentPath, readPassages } from "../documents/index.ts";
import { NearfoldError } from "../errors.ts";
import type { Context } from "./command.ts";
import { trackTask } from "./progress.ts";
import { type ReadingOptions, reportSkipped } from "./reading.ts";
import { Sample } from "./vector-format.ts";

export interface SourceReading extends Fields, ReadingOptions {
  readonly passageTokens?: number;
  readonly overlap?: number;
}

/** Documents that can be read again and again. */
export interface IndexSource {
  readonly path: string;
  readonly bytes: number;
  readonly unit: "documents" | "passages";
  /** Ids of all of them. */
  readonly ids: ReadonlySet<string>;
  /** Whether an id that is in an index and not here is of a passage that a document had before it changed. */
  readonly isStale: (id: string) => boolean;
  readonly skipped: number;
  /** Drawn from all over the input. */
  readonly sample: readonly { readonly id: string; readonly text: string }[];
  readonly rows: () => AsyncIterable<SourceRow>;
}

/** Rows of a first reading, in which errors are values, and of later ones. */
interface Readings {
  readonly bytes: number;
  readonly unit: IndexSource["unit"];
  readonly first: () => AsyncIterable<SourceRow>;
  readonly again: () => AsyncIterable<SourceRow>;
}

/**
 * Reads all of an input before the first vector: a mistake in its last line should not cost an hour.
 * @throws not-found, io; bad-input for a row that is none, unless they are to be skipped, and for an id used twice
 */
export async function readSource(
  path: string,
  options: SourceReading,
  context: Pick<Context, "report" | "now" | "signal">,
): Promise<IndexSource> {
  const { skipBad = false } = options;
  const { bytes, unit, first, again } = await openReadings(path, options, context);
  const skipped = skips();
  const ids = new Set<string>();
  const documents = new Set<string>();
  const sample = new Sample<{ readonly id: string; readonly text: string }>();
  for await (const row of first()) {
    if ("error" in row) {
      if (!skipBad) throw row.error;
      skipped.onBad(row.error);
      continue;
    }
    const { id, text, metadata } = row.document;
    if (ids.has(id)) {
      const got = JSON.stringify(id.slice(0, 60));
      throw new NearfoldError("bad-input", "an id is used twice", { at: row.at, got });
    }
    ids.add(id);
    if (typeof metadata?.source === "string" && id.startsWith(`${metadata.source}#`)) {
      documents.add(metadata.source);
    }
    sample.offer({ id, text });
  }
  if (ids.size === 0) {
    const wanted = "at least one text";
    throw new NearfoldError("bad-input", "no row is usable", { at: path, wanted });
  }
  reportSkipped(path, skipped, context.report);
  const isStale = (id: string) => documents.has(id.slice(0, Math.max(0, id.lastIndexOf("#"))));
  return {
    ...{ path, bytes, unit, ids, isStale, skipped: skipped.count, sample: sample.rows },
    rows: () => goodRows(again(), skipBad),
  };
}

async function openReadings(
  path: string,
  { text, id, passageTokens, overlap }: SourceReading,
  context: Pick<Context, "report" | "now" | "signal">,
): Promise<Readings> {
  const { read, bytes, stamp } = await openInput(path);
  if (stamp === undefined) {
    const hint = "Write it to a file first";
    throw new NearfoldError("unsupported", "a pipe can't be read twice", { at: path, hint });
  }
  if (await isStructured(path)) {
    const sizes = { maxTokens: passageTokens ?? PASSAGE_TOKENS, overlap };
    const again = () => passageRows(path, sizes);
    // What a folder's PDFs hold nobody knows.
    const many = Number.POSITIVE_INFINITY;
    return { bytes: many, unit: "passages", first: () => passageRows(path, sizes, context), again };
  }
  for (const [option, value] of [
    ["--passage-tokens", passageTokens],
    ["--overlap", overlap],
  ] as const) {
    if (value === undefined) continue;
    const wanted = "a folder, or a file in Markdown, HTML or PDF";
    throw new NearfoldError("bad-argument", "rows are not cut into passages", {
      at: option,
      wanted,
    });
  }
  const rows = () => read(path, { text, id, metadata: true });
  return { bytes, unit: "documents", first: rows, again: rows };
}

/** Tokens of a passage, at a guess: what most models read at once, with its title and headings. */
const PASSAGE_TOKENS = 200;

/** A folder, or a file that has a structure; of a `.txt` alone each line is a document. */
async function isStructured(path: string): Promise<boolean> {
  if ((await stat(path)).isDirectory()) return true;
  return isDocumentPath(path) && extname(path).toLowerCase() !== ".txt";
}

async function* passageRows(
  path: string,
  sizes: { readonly maxTokens: number; readonly overlap: number | undefined },
  context?: Pick<Context, "report" | "now">,
): AsyncGenerator<SourceRow> {
  const errors: NearfoldError[] = [];
  let advance: ((done: number) => void) | undefined;
  let share = 0;
  const reading = readPassages(path, {
    ...{ ...sizes, withContext: true, onBad: (error) => errors.push(error) },
    onProgress: ({ documents, total }) => {
      share = documents / total;
      if (!context) return;
      const task = { task: "reading", unit: "documents", total } as const;
      advance ??= trackTask(context.report, task, context.now);
      advance(documents);
    },
  });
  const failed = () => errors.splice(0).map((error) => ({ at: path, share, error }));
  for await (const passage of reading) {
    yield* failed();
    const { id, text, metadata } = passage;
    const document = { id, text: contextualText(passage), metadata: { ...metadata, text } };
    yield { at: id, share, document };
  }
  yield* failed();
}

async function* goodRows(
  rows: AsyncIterable<SourceRow>,
  skipBad: boolean,
): AsyncGenerator<SourceRow> {
  for await (const row of rows) if (!skipBad || !("error" in row)) yield row;
}
