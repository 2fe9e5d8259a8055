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
    return JSON.parse(text);
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

/** As the Hub's own tools write it: two spaces, a line end at the end. */
export function toJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
