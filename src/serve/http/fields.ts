/** Reading a JSON body field by field; what is wrong is said with its place. */
import { NearfoldError } from "../../errors.ts";
import { isJsonObject, type JsonObject } from "../../models/json-file.ts";
import { emptyError, type Input } from "../embed-request.ts";

/** @throws bad-input for what is no object */
export function bodyOf(json: unknown): JsonObject {
  if (isJsonObject(json)) return json;
  throw wrong("the body", json, "a JSON object");
}

/** A field of an optional one of several kinds; null is as good as none. */
function optional<T>(body: JsonObject, name: string, read: (value: unknown) => T): T | undefined {
  const value = Object.hasOwn(body, name) ? body[name] : undefined;
  return value === undefined || value === null ? undefined : read(value);
}

/** @throws bad-input */
export function stringField(body: JsonObject, name: string): string | undefined {
  return optional(body, name, (value) => {
    if (typeof value === "string") return value;
    throw wrong(name, value, "a string");
  });
}

/** @throws bad-input */
export function booleanField(body: JsonObject, name: string): boolean | undefined {
  return optional(body, name, (value) => {
    if (typeof value === "boolean") return value;
    throw wrong(name, value, "true or false");
  });
}

/** A whole number above 0. @throws bad-input */
export function countField(body: JsonObject, name: string): number | undefined {
  return optional(body, name, (value) => {
    if (Number.isSafeInteger(value) && (value as number) > 0) return value as number;
    throw wrong(name, value, "a whole number above 0");
  });
}

/** A number from 0 to 1. @throws bad-input */
export function shareField(body: JsonObject, name: string): number | undefined {
  return optional(body, name, (value) => {
    if (typeof value === "number" && value >= 0 && value <= 1) return value;
    throw wrong(name, value, "a number from 0 to 1");
  });
}

/** @throws bad-input */
export function choiceField<const Choice extends string>(
  body: JsonObject,
  name: string,
  choices: readonly Choice[],
): Choice | undefined {
  return optional(body, name, (value) => {
    const found = choices.find((choice) => choice === value);
    if (found !== undefined) return found;
    throw wrong(name, value, `one of ${choices.join(", ")}`);
  });
}

/** @throws bad-input; too-large past so many */
export function textList(value: unknown, at: string, most: number): readonly string[] {
  if (!Array.isArray(value)) throw wrong(at, value, "a list of texts");
  requireCount(value, at, most);
  const odd = value.findIndex((entry) => typeof entry !== "string");
  if (odd >= 0) throw wrong(`${at}[${odd}]`, value[odd], "a text");
  return value as string[];
}

/** @throws bad-input for what is no list of token ids */
export function idList(value: unknown, at: string): readonly number[] {
  if (isIdList(value)) return value;
  throw wrong(at, value, "a list of token ids");
}

/**
 * A text, the ids of one, or a list of either; whether it was a list.
 * @throws bad-input naming the entry; too-large past so many
 */
export function inputList(
  value: unknown,
  at: string,
  most: number,
): { readonly inputs: readonly Input[]; readonly single: boolean } {
  if (typeof value === "string") return { inputs: [value], single: true };
  if (!Array.isArray(value)) throw wrong(at, value, "a text, token ids, or a list of either");
  // A list of numbers is one text's ids.
  if (value.length > 0 && value.every((id) => typeof id === "number")) {
    return { inputs: [idList(value, at)], single: true };
  }
  requireCount(value, at, most);
  const inputs = value.map((entry, i) => {
    return typeof entry === "string" ? entry : idList(entry, `${at}[${i}]`);
  });
  return { inputs, single: false };
}

/** @throws bad-input, marked as empty; too-large past so many */
export function requireCount({ length }: readonly unknown[], at: string, most: number): void {
  if (length === 0) throw emptyError(at);
  if (length <= most) return;
  const [got, wanted] = [`${length}`, `at most ${most}`];
  throw new NearfoldError("too-large", "more than one request may have", { at, got, wanted });
}

/** What was sent instead, by its kind: the value itself may be of any size and depth. */
export function wrong(at: string, value: unknown, wanted: string): NearfoldError {
  return new NearfoldError("bad-input", "is of the wrong kind", { at, got: kindOf(value), wanted });
}

function kindOf(value: unknown): string {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === "object") return "an object";
  if (typeof value === "string") return value.length <= 40 ? JSON.stringify(value) : "a string";
  return `${value}`;
}

function isIdList(value: unknown): value is number[] {
  if (!Array.isArray(value)) return false;
  return value.every((id) => Number.isInteger(id) && id >= 0 && id < 2 ** 31);
}
