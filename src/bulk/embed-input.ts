/** An input into an output, through a model: what was done is recorded on the way, and a run that was stopped goes on. */
import type { Encoder } from "../encoder/index.ts";
import { NearfoldError } from "../errors.ts";
import type { Role } from "../models/model.ts";
import type { Payload } from "../stores/index.ts";
import type { Counts, RunFacts } from "./checkpoint.ts";
import { type EncodedWindow, encodeWindows, type WindowProgress } from "./encode-windows.ts";
import { errorsPath, Partial } from "./partial.ts";
import type { Sink } from "./sink.ts";
import { chooseSink, sinks } from "./sinks/registry.ts";
import type { Fields } from "./source.ts";
import { type Input, openInput } from "./sources/registry.ts";
import { type Window, type WindowLimits, windowsOf } from "./window.ts";

export interface EmbedInputOptions extends Fields {
  /** Which of the model's prompts is put before each text. @default "document" */
  readonly role?: Role;
  /** Only so many leading dimensions, one of the encoder's `dims`. @default all */
  readonly dims?: number;
  /** Rows between two checkpoints, which are sorted by length together; a kill loses at most the work on two times as many. @default 4096 */
  readonly windowRows?: number;
  /** Forget what a stopped run left, and put the result in the place of an index that is there. @default false */
  readonly replace?: boolean;
  /** Recorded by a store. @default {} */
  readonly notes?: Payload;
  readonly signal?: AbortSignal;
  /** Called after each batch, with the numbers of the whole run. */
  readonly onProgress?: (progress: InputProgress) => void;
}

export interface InputProgress extends WindowProgress {
  /** Texts that an earlier run had done. */
  readonly before: number;
}

/** What came of it. */
export interface EmbeddedInput extends Counts {
  readonly dims: number;
  /** Rows that an earlier run was done with. */
  readonly resumed: number;
  /** The file that lists the rows without a vector. @default none */
  readonly errorsFile?: string;
}

const WINDOW_ROWS = 4096;
/** UTF-16 units of a window's texts: 32 MB. */
const WINDOW_CHARACTERS = 2 ** 24;

/**
 * Embeds every row of an input, in its order. What comes out is the same, byte for byte, whether the run was stopped on its way or not, and has its name only when it is
 * whole. Rows that hold no text are listed beside it.
 * @param path a file by its extension, or a folder of texts
 * @param out a file by its extension, or a store's folder
 * @throws as `openInput`, `Partial.open`, `Encoder.encode`; bad-input where no row holds a text
 */
export async function embedInput(
  encoder: Encoder,
  path: string,
  out: string,
  { windowRows = WINDOW_ROWS, ...options }: EmbedInputOptions = {},
): Promise<EmbeddedInput> {
  const { role = "document", dims = encoder.space.dims, replace = false, notes = {} } = options;
  const name = chooseSink(out);
  const kind = sinks[name];
  const input = await openInput(path);
  const limits = { rows: windowRows, characters: WINDOW_CHARACTERS };
  const run = factsOf(input, encoder, { ...options, role, dims, limits, output: name });
  const resumable = input.stamp !== undefined;
  await using partial = await Partial.open(out, { kind, run, replace, resumable });
  const { folder, found } = partial;
  let counts = found?.counts ?? NOTHING;
  if (!found?.finished) {
    const model = { name: encoder.name, space: { ...encoder.space, dims } };
    await using sink = await kind.open({ folder, model, role, notes }, found?.sink);
    const filling = fill(partial, sink, encoder, input, { ...options, role, dims, limits, counts });
    counts = await filling.catch(async (error: unknown) => {
      if (!partial.isBegun) await partial.discard();
      throw error;
    });
    if (counts.texts === 0) {
      await partial.publishErrors();
      await partial.discard();
      throw nothingUsable(path, counts.errors, errorsPath(out));
    }
    await sink.finish();
    await partial.record({ counts, sink: await sink.state(), finished: true });
  }
  await partial.publish();
  const resumed = found?.counts.read ?? 0;
  return { ...counts, dims, resumed, ...(counts.errors > 0 && { errorsFile: errorsPath(out) }) };
}

const NOTHING: Counts = { read: 0, texts: 0, errors: 0, truncated: 0, tokens: 0 };

interface FillOptions extends EmbedInputOptions {
  readonly role: Role;
  readonly dims: number;
  readonly limits: WindowLimits;
  readonly counts: Counts;
}

/** Every window that is not done yet: encoded, written, recorded. */
async function fill(
  partial: Partial,
  sink: Sink,
  encoder: Encoder,
  { path, read }: Input,
  { counts, limits, role, dims, signal, onProgress, ...fields }: FillOptions,
): Promise<Counts> {
  const rows = read(path, { ...fields, skip: counts.read });
  const windows = admitted(windowsOf(rows, limits, counts.read), sink);
  const before = counts.texts;
  const report = (progress: WindowProgress) => onProgress?.({ ...progress, before });
  let done = counts;
  for await (const window of encodeWindows(encoder, windows, {
    role,
    dims,
    before,
    signal,
    onProgress: report,
  })) {
    await partial.addErrors(window.errors);
    await sink.append(window.documents, window.vectors);
    done = added(done, window);
    await partial.record({ counts: done, sink: await sink.state(), finished: false });
  }
  return done;
}

function added(counts: Counts, window: EncodedWindow): Counts {
  return {
    read: window.read,
    texts: counts.texts + window.documents.length,
    errors: counts.errors + window.errors.length,
    truncated: counts.truncated + window.truncated.length,
    tokens: counts.tokens + window.tokens,
  };
}

/** Windows without the documents that the sink has no place for, which are errors. */
async function* admitted(windows: AsyncIterable<Window>, sink: Sink): AsyncGenerator<Window> {
  for await (const window of windows) {
    const refused = await sink.refuse?.(window.documents);
    if (!refused || refused.size === 0) yield window;
    else yield without(window, refused);
  }
}

function without(window: Window, refused: ReadonlySet<unknown>): Window {
  const errors = window.documents
    .filter((document) => refused.has(document))
    .map(({ row, at, id }) => {
      const got = JSON.stringify(id.slice(0, 60));
      return { row, error: new NearfoldError("bad-input", "an id is used twice", { at, got }) };
    });
  return {
    ...window,
    documents: window.documents.filter((document) => !refused.has(document)),
    errors: [...window.errors, ...errors].sort((a, b) => a.row - b.row),
  };
}

interface Facts extends Fields {
  readonly role: Role;
  readonly dims: number;
  readonly limits: WindowLimits;
  readonly output: string;
}

/** What two runs must have in common to be one. */
function factsOf({ stamp = "a pipe" }: Input, { space }: Encoder, facts: Facts): RunFacts {
  const { role, dims, limits, output, text, id } = facts;
  return {
    input: stamp,
    space: space.id,
    dims,
    role,
    output,
    "window of rows": limits.rows,
    "window of characters": limits.characters,
    ...(text !== undefined && { "text field": text }),
    ...(id !== undefined && { "id field": id }),
  };
}

function nothingUsable(at: string, errors: number, list: string): NearfoldError {
  if (errors === 0) {
    return new NearfoldError("bad-input", "the input is empty", { at, wanted: "at least one row" });
  }
  const [got, wanted] = [`${errors} bad rows`, "at least one text"];
  return new NearfoldError("bad-input", "no row is usable", {
    at,
    got,
    wanted,
    hint: `${list} says why`,
  });
}
