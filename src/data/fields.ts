/** Checks of the fields of a row from a file. */
import { NearfoldError } from "../errors.ts";
import { quote } from "./lines.ts";

/** The characters (UTF-16 units) that one text of a data file may have. */
const MAX_CHARACTERS = 1_000_000;

export interface TextBound {
  /** Longest text taken, in UTF-16 units. @default 1,000,000 */
  readonly maxCharacters?: number;
}

/** A JSON object. @throws bad-input for anything else. */
export function parseObject(value: unknown, at: string, wanted: string): Record<string, unknown> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw new NearfoldError("bad-input", "not an object", { at, got: show(value), wanted });
}

/** A string within the bound. @throws bad-input, too-large. */
export function parseText(
  value: unknown,
  name: string,
  at: string,
  { maxCharacters = MAX_CHARACTERS }: TextBound = {},
): string {
  if (typeof value !== "string") {
    throw new NearfoldError("bad-input", `"${name}" is not a text`, {
      at,
      got: show(value),
      wanted: "a string",
    });
  }
  if (value.length > maxCharacters) {
    throw new NearfoldError("too-large", `"${name}" is too long`, {
      at,
      got: `${value.length} characters`,
      wanted: `at most ${maxCharacters}`,
    });
  }
  return value;
}

/** A string within the bound that holds more than white space. @throws bad-input, too-large. */
export function parseFilledText(value: unknown, name: string, at: string, bound?: TextBound) {
  const text = parseText(value, name, at, bound);
  if (text.trim() !== "") return text;
  throw new NearfoldError("bad-input", `"${name}" is empty`, { at, wanted: "some text" });
}

/** An id: a string that is not empty, or a whole number, which becomes one. @throws bad-input. */
export function parseId(value: unknown, name: string, at: string): string {
  if (Number.isSafeInteger(value)) return String(value);
  return parseFilledText(value, name, at, { maxCharacters: 4096 });
}

/** The one field of `row` that is spelled in one of these ways and is not null. @throws bad-input for two of them. */
export function findField(
  row: Readonly<Record<string, unknown>>,
  spellings: readonly string[],
  at: string,
): { readonly name: string; readonly value: unknown } | undefined {
  const names = spellings.filter((name) => Object.hasOwn(row, name) && row[name] !== null);
  if (names.length > 1) {
    throw new NearfoldError("bad-input", "two fields mean the same", {
      at,
      got: names.map((name) => `"${name}"`).join(" and "),
      wanted: "one of them",
    });
  }
  return names.length === 0 ? undefined : { name: names[0], value: row[names[0]] };
}

/** A value as an error shows it. */
export function show(value: unknown): string {
  if (typeof value === "string") return quote(value);
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value !== "object" || value === null) return String(value);
  return `an object with ${Object.keys(value).slice(0, 8).map(quote).join(", ") || "no fields"}`;
}
