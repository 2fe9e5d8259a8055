import { Option } from "commander";
import {
  chooseSink,
  embedInput,
  encodeWindows,
  type Fields,
  openInput,
  type SourceRow,
  vectorLines,
  windowsOf,
} from "../bulk/index.ts";
import { skips } from "../data/index.ts";
import { openEncoder } from "../encoder/index.ts";
import { NearfoldError } from "../errors.ts";
import type { Role } from "../models/model.ts";
import { bulkSessions } from "./bulk-sessions.ts";
import { type CommandSpec, type Context, type Outcome, wholeNumber } from "./command.ts";
import { chooseDims } from "./encoding.ts";
import {
  type ModelOptions,
  modelArgument,
  modelFolder,
  modelOptions,
  noteModel,
} from "./model-reference.ts";
import { requireWritable } from "./output.ts";
import { trackGuess } from "./progress.ts";
import { type ReadingOptions, reportSkipped } from "./reading.ts";

interface Options extends ReadingOptions, ModelOptions, Fields {
  readonly out?: string;
  readonly role: Role;
  readonly dims?: number;
  readonly checkpointRows?: number;
  readonly workers?: number;
  readonly replace?: boolean;
}

/** Texts of any number in, vectors out, in their order: to a file or an index, which a run that was stopped goes on with, or as JSON lines to stdout. */
export const embed: CommandSpec<Options> = {
  name: "embed",
  summary: "Turn texts into vectors; typed again after it was stopped, it goes on",
  arguments: [
    ["<model>", modelArgument],
    [
      "<texts>",
      '.jsonl of {"id"?, "title"?, "text"}, .csv, .tsv or .parquet with such columns, .txt with a text a line, or a folder of .txt and .md',
    ],
  ],
  options: [
    new Option(
      "--out <file>",
      ".parquet, .jsonl, .npy or .safetensors, or a folder for an index; without it JSON lines go to stdout",
    ),
    new Option("--role <role>", "what the texts are to a search")
      .choices(["query", "document"])
      .default("document"),
    new Option("--dims <n>", "only the first n dimensions").argParser(wholeNumber(1)),
    new Option("--text <field>", "the field or column of the text, where it is not text"),
    new Option("--id <field>", "the field or column of the id, where it is not id or _id"),
    new Option(
      "--checkpoint-rows <n>",
      "rows between two checkpoints, sorted by length together (default: 4096)",
    ).argParser(wholeNumber(1, 1_000_000)),
    new Option(
      "--workers <n>",
      "batches at once, each with the weights of its own; 0 for one with all threads (default: by cores and memory)",
    ).argParser(wholeNumber(0, 1024)),
    new Option(
      "--replace",
      "forget what a stopped run left, and put the result in the place of an index that is there",
    ),
    new Option(
      "--skip-bad",
      "rows that hold no text are no failure: they are left out and counted, with --out listed in <file>.errors.jsonl too",
    ),
    ...modelOptions,
  ],
  examples: [
    "nearfold embed model/ corpus.jsonl --out vectors.parquet",
    "nearfold embed model/ reviews.csv --text body --id review_id --out reviews.npy",
    "nearfold embed model/ notes/ --out index/",
    "nearfold embed model/ questions.txt --role query > vectors.jsonl",
    "nearfold embed sentence-transformers/all-MiniLM-L6-v2 texts.jsonl --out vectors.safetensors",
  ],
  run: async ([model, path], options, context) => {
    const { out, json } = options;
    if (out !== undefined) {
      chooseSink(out);
      await requireWritable(out);
    } else if (json) {
      throw new NearfoldError("bad-argument", "--json leaves no room for vectors on stdout", {
        wanted: "--out FILE beside it",
      });
    }
    const { bytes } = await openInput(path);
    const folder = await modelFolder(model, options, context);
    const sessions = await bulkSessions(folder, bytes, options.workers);
    await using encoder = await openEncoder(folder, sessions);
    const dims = chooseDims(encoder, options.dims);
    const work = { encoder, folder, path, dims };
    if (out === undefined) return await toStdout(work, options, context);
    return await toOutput(work, out, options, context);
  },
};

interface Work {
  readonly encoder: Awaited<ReturnType<typeof openEncoder>>;
  readonly folder: string;
  readonly path: string;
  readonly dims: number;
}

async function toOutput(
  { encoder, folder, path, dims }: Work,
  out: string,
  { role, text, id, checkpointRows, replace = false, skipBad = false }: Options,
  { report, signal, now }: Context,
): Promise<Outcome> {
  const track = { task: "encoding", unit: "texts" } as const;
  const advance = trackGuess(report, track, now);
  const result = await embedInput(encoder, path, out, {
    ...{ role, dims, text, id, replace, signal, notes: await noteModel(folder, out) },
    ...(checkpointRows !== undefined && { windowRows: checkpointRows }),
    onProgress: advance,
  });
  const { texts, errors, truncated, resumed, errorsFile } = result;
  advance({ texts, total: texts, before: texts });
  const summary = {
    texts,
    dims,
    truncated,
    skipped: errors,
    out,
    resumed,
    ...(errorsFile && { errors: errorsFile }),
  };
  const cut = truncated > 0 ? [`${truncated} were longer than the model reads and cut`] : [];
  const went = resumed > 0 ? [`it went on after row ${resumed}`] : [];
  const bad = errors > 0 ? [`${errors} rows hold no text and are listed in ${errorsFile}`] : [];
  const done = `${texts} texts, ${dims} dimensions, written to ${out}`;
  const next = isIndex(out) ? [`Next: nearfold search ${out} "what you look for"`] : [];
  const outcome = {
    json: summary,
    text: [[done, ...went, ...cut, ...bad].join("; "), ...next].join("\n"),
  };
  return errors > 0 && !skipBad ? { ...outcome, unmet: notAll(result, errorsFile!) } : outcome;
}

function isIndex(out: string): boolean {
  return chooseSink(out) === "";
}

function notAll(
  { read, errors }: { readonly read: number; readonly errors: number },
  at: string,
): NearfoldError {
  return new NearfoldError("unmet", "not every row holds a text", {
    at,
    got: `${errors} of ${read} that do not`,
    wanted: "none",
    hint: "The vectors of the others are whole. With --skip-bad this is no failure",
  });
}

/** Rows to stdout wait for no more than so many others. */
const STREAM_ROWS = 512;

async function toStdout(
  { encoder, path, dims }: Work,
  { role, text, id, skipBad = false }: Options,
  { report, signal, now, write }: Context,
): Promise<Outcome> {
  const { read } = await openInput(path);
  const skipped = skips();
  const rows = sound(read(path, { text, id }), skipBad ? skipped.onBad : undefined);
  const windows = windowsOf(rows, { rows: STREAM_ROWS, characters: Number.POSITIVE_INFINITY });
  const advance = trackGuess(report, { task: "encoding", unit: "texts" }, now);
  const onProgress = (done: { readonly texts: number; readonly total: number }) =>
    advance({ ...done, before: 0 });
  let [texts, truncated] = [0, 0];
  for await (const window of encodeWindows(encoder, windows, { role, dims, signal, onProgress })) {
    for await (const lines of vectorLines(window.documents, window.vectors, dims))
      await write(lines);
    texts += window.documents.length;
    truncated += window.truncated.length;
  }
  if (texts === 0) {
    throw new NearfoldError("bad-input", "no row is usable", {
      at: path,
      wanted: "at least one text",
    });
  }
  advance({ texts, total: texts, before: texts });
  reportSkipped(path, skipped, report);
  return { json: { texts, dims, truncated, skipped: skipped.count }, text: "" };
}

/** Rows that hold texts; without `onBad` the first one that does not is thrown. */
async function* sound(
  rows: AsyncIterable<SourceRow>,
  onBad: ((error: NearfoldError) => void) | undefined,
): AsyncGenerator<SourceRow> {
  for await (const row of rows) {
    if (!("error" in row)) yield row;
    else if (onBad) onBad(row.error);
    else throw row.error;
  }
}
