import { readFile, stat } from "node:fs/promises";
import { asIoError } from "../durable.ts";
import { NearfoldError } from "../errors.ts";

export type JsonObject = Readonly<Record<string, unknown>>;

/** Files of settings are small; what is larger is something else. */
const MAX_BYTES = 16 * 2 ** 20;

/**
 * The contents of a JSON file; undefined where there is none.
 * @throws bad-input when it is not JSON, too-large past 16 MB, io
 */
export async function readJson(path: string): Promise<unknown> {
  let text: string;
  try {
    const found = await stat(path);
    if (!found.isFile()) throw new NearfoldError("bad-input", "this is not a file", { at: path });
    if (found.size > MAX_BYTES) {
      const [got, wanted] = [`${found.size} bytes`, `at most ${MAX_BYTES}`];
      throw new NearfoldError("too-large", "too large for settings", { at: path, got, wanted });
    }
    text = await readFile(path, "utf8");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw asIoError(cause, path, "read");
  }
  try {
    return parseMarked(text);
  } catch (cause) {
    const got = (cause as Error).message;
    throw new NearfoldError("bad-input", "not JSON", { at: path, got, cause });
  }
}

/** As `readJson`, of a file that holds one object. */
export async function readJsonObject(path: string): Promise<JsonObject | undefined> {
  const value = await readJson(path);
  if (value === undefined || isJsonObject(value)) return value;
  throw new NearfoldError("bad-input", "not one JSON object", { at: path, got: show(value) });
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A value of a file, short enough for a message. */
export function show(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

/** As the Hub's own tools write it: two spaces, a line end at the end; a float that was read is one again. */
export function toJson(value: unknown): string {
  return `${JSON.stringify(value, unmarked, 2)}\n`;
}

/**
 * The keys of an object whose numbers were written as floats, `1.0`. JavaScript does not tell them from integers, and transformers 5 refuses
 * a `1` where its configs have a float. A copy by spread keeps the mark.
 */
const FLOATS = Symbol("floats");

type Marked = Record<string, unknown> & { [FLOATS]?: Set<string> };

/** With the source text of numbers (ECMA-262 2026, JSON.parse source text access), which TypeScript's library does not know yet. */
const sourced = JSON as unknown as {
  parse(
    text: string,
    reviver: (this: Marked, key: string, value: unknown, context: { source?: string }) => unknown,
  ): unknown;
  rawJSON(text: string): unknown;
};

function parseMarked(text: string): unknown {
  return sourced.parse(text, function (key, value, { source }) {
    if (Number.isSafeInteger(value) && source !== undefined && /[.eE]/.test(source)) {
      this[FLOATS] ??= new Set();
      this[FLOATS].add(key);
    }
    return value;
  });
}

function unmarked(this: unknown, key: string, value: unknown): unknown {
  const isFloat = Number.isSafeInteger(value) && (this as Marked)[FLOATS]?.has(key);
  return isFloat ? sourced.rawJSON(`${value}.0`) : value;
}
