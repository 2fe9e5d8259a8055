/** `checkpoint.json`: how far a run is, and which run it is. */
import { readFile, stat } from "node:fs/promises";
import { asIoError, writeDurably } from "../durable.ts";
import { NearfoldError } from "../errors.ts";
import type { SinkState } from "./sink.ts";

export const CHECKPOINT_FILE = "checkpoint.json";
const FORMAT = "nearfold-embed";
const VERSION = 1;
/** A store's manifest may be a megabyte, and is in it as a string. */
const MAX_BYTES = 4 * 2 ** 20;

/** All that the result depends on. */
export type RunFacts = Readonly<Record<string, string | number>>;

/** What was done so far: all numbers are of the whole run, whatever it was interrupted by. */
export interface Counts {
  /** Rows of the input that are done with. */
  readonly read: number;
  /** Vectors. */
  readonly texts: number;
  /** Rows without one. */
  readonly errors: number;
  /** Texts that were cut to the model's limit. */
  readonly truncated: number;
  /** Tokens that went through the model. */
  readonly tokens: number;
}

export interface Checkpoint {
  readonly run: RunFacts;
  readonly counts: Counts;
  /** Of the file of errors. */
  readonly errorBytes: number;
  readonly sink: SinkState;
  /** Whether all is written, and waits for its final name alone. */
  readonly finished: boolean;
}

/** @returns undefined where there is none. @throws bad-input, unsupported, io */
export async function readCheckpoint(path: string): Promise<Checkpoint | undefined> {
  try {
    const { size } = await stat(path);
    if (size > MAX_BYTES) throw malformed(path, `${size} bytes`, "a small file");
    return parseCheckpoint(await readFile(path, "utf8"), path);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw asIoError(cause, path, "read");
  }
}

/** @throws io */
export async function writeCheckpoint(path: string, checkpoint: Checkpoint): Promise<void> {
  await writeDurably(
    path,
    `${JSON.stringify({ format: FORMAT, version: VERSION, ...checkpoint })}\n`,
  );
}

/** @throws bad-input, or unsupported for another version's; `at` names the file */
export function parseCheckpoint(json: string, at: string): Checkpoint {
  const { format, version, run, counts, errorBytes, sink, finished } = objectOf(
    parse(json, at),
    at,
    "the file",
  );
  if (format !== FORMAT) throw malformed(at, `format ${show(format)}`, `format "${FORMAT}"`);
  if (version !== VERSION) {
    const [got, wanted] = [show(version), String(VERSION)];
    throw new NearfoldError("unsupported", "another version began this run", {
      at,
      got,
      wanted,
      hint: ANEW,
    });
  }
  const numbers = objectOf(counts, at, "counts");
  const count = (name: string) => whole(numbers[name], at, name);
  if (typeof finished !== "boolean")
    throw malformed(at, `finished ${show(finished)}`, "true or false");
  return {
    run: flat(run, at, "run"),
    counts: {
      read: count("read"),
      texts: count("texts"),
      errors: count("errors"),
      truncated: count("truncated"),
      tokens: count("tokens"),
    },
    errorBytes: whole(errorBytes, at, "errorBytes"),
    sink: flat(sink, at, "sink"),
    finished,
  };
}

const ANEW = "Begin anew with --replace";

/** @throws mismatch, naming what differs, unless two runs would give the same */
export function requireSameRun(there: RunFacts, asked: RunFacts, at: string): void {
  const names = [...new Set([...Object.keys(there), ...Object.keys(asked)])];
  const name = names.find((name) => there[name] !== asked[name]);
  if (name === undefined) return;
  throw new NearfoldError("mismatch", `another run was stopped here: its ${name} differs`, {
    at,
    got: String(asked[name] ?? "none"),
    wanted: String(there[name] ?? "none"),
    hint: `Type what was typed then to go on with that, or begin anew with --replace`,
  });
}

function parse(json: string, at: string): unknown {
  try {
    return JSON.parse(json);
  } catch (cause) {
    throw new NearfoldError("bad-input", "not JSON", {
      at,
      got: show(json.slice(0, 60)),
      hint: ANEW,
      cause,
    });
  }
}

function objectOf(value: unknown, at: string, name: string): Record<string, unknown> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  throw malformed(at, `${name} ${show(value)}`, "an object");
}

function flat(value: unknown, at: string, name: string): Record<string, string | number> {
  const fields = objectOf(value, at, name);
  const wrong = Object.entries(fields).find(
    ([, held]) => typeof held !== "string" && typeof held !== "number",
  );
  if (wrong) throw malformed(at, `${name}.${wrong[0]} ${show(wrong[1])}`, "a text or a number");
  return fields as Record<string, string | number>;
}

function whole(value: unknown, at: string, name: string): number {
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number;
  throw malformed(at, `${name} ${show(value)}`, "a whole number");
}

function malformed(at: string, got: string, wanted: string): NearfoldError {
  return new NearfoldError("bad-input", "not the checkpoint of a run", {
    at,
    got,
    wanted,
    hint: ANEW,
  });
}

function show(value: unknown): string {
  return (JSON.stringify(value) ?? "nothing").slice(0, 80);
}
