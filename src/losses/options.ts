/** What the options of a loss may be: one rule for each, which task files and callers both meet. */
import { NearfoldError } from "../errors.ts";

/** What an option takes, and how an error calls it. */
export interface Field<T> {
  readonly wanted: string;
  readonly fits: (value: unknown) => value is T;
}

/** A field for every option of `O`: one more option without a rule does not compile. */
export type Fields<O> = { readonly [K in keyof Required<O>]: Field<NonNullable<O[K]>> };

/** The fields of some loss. */
export type AnyFields = Readonly<Record<string, Field<unknown>>>;

const within = (wanted: string, fits: (x: number) => boolean): Field<number> => ({
  wanted,
  fits: (value): value is number =>
    typeof value === "number" && Number.isFinite(value) && fits(value),
});

export const positive = within("a number above 0", (x) => x > 0);
export const notNegative = within("a number of at least 0", (x) => x >= 0);
export const finite = within("a number", () => true);
export const count = within("a whole number of at least 0", (x) => Number.isInteger(x) && x >= 0);
export const width = within("a whole number of at least 1", (x) => Number.isInteger(x) && x >= 1);

export function oneOf<T extends string>(names: readonly T[]): Field<T> {
  return {
    wanted: `one of ${names.join(", ")}`,
    fits: (value): value is T => names.includes(value as T),
  };
}

/** One of a table's names. */
export function nameIn<T extends object>(table: T): Field<keyof T & string> {
  return oneOf(Object.keys(table) as (keyof T & string)[]);
}

const MOST_ENTRIES = 32;

/** A list of at most 32, which may be empty. */
export function listOf<T>(entry: Field<T>): Field<readonly T[]> {
  return {
    wanted: `a list, each ${entry.wanted}`,
    fits: (value): value is readonly T[] =>
      Array.isArray(value) && value.length <= MOST_ENTRIES && value.every(entry.fits),
  };
}

/** An object with these keys, all of them and no others. */
export function objectOf<O extends object>(fields: Fields<O>): Field<O> {
  const entries = Object.entries<Field<unknown>>(fields);
  return {
    wanted: `{ ${entries.map(([key, { wanted }]) => `${key}: ${wanted}`).join("; ")} }`,
    fits: (value): value is O =>
      isObject(value) &&
      Object.keys(value).length === entries.length &&
      entries.every(([key, { fits }]) => Object.hasOwn(value, key) && fits(value[key])),
  };
}

/** @throws bad-argument naming an option that the loss does not have, or one whose value does not fit */
export function checkOptions(options: object, fields: AnyFields, loss: string): void {
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(fields, name)) {
      const wanted = Object.keys(fields).join(", ") || "no options";
      throw new NearfoldError("bad-argument", "no such option", { at: loss, got: name, wanted });
    }
    const { fits, wanted } = fields[name];
    if (value === undefined || fits(value)) continue;
    const got = show(value);
    throw new NearfoldError("bad-argument", `${name} is not usable`, { at: loss, got, wanted });
  }
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A value short enough for a message, however large or deep it is. */
export function show(value: unknown): string {
  if (isObject(value)) return `{ ${Object.keys(value).slice(0, 8).map(quoted).join(", ")} }`;
  if (!Array.isArray(value)) return typeof value === "string" ? quoted(value) : String(value);
  const shown = value.slice(0, 8).map((x) => (typeof x === "object" && x ? "…" : show(x)));
  return `[${shown.join(", ")}${value.length > shown.length ? ", …" : ""}]`;
}

const quoted = (text: string) => JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
