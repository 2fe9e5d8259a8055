/** Conditions on payloads: data, which every store puts into its own query language with values bound, never pasted. */
import { NearfoldError } from "../errors.ts";
import { compareText } from "./order.ts";
import type { Payload } from "./payload.ts";

export type FilterValue = string | number | boolean;

/** How a value compares: numbers with numbers, strings with strings by code point; of different types nothing holds, as of lists and objects. */
export type Comparison = "eq" | "ne" | "lt" | "lte" | "gt" | "gte";

export interface FieldCondition {
  /** A name in the payload; dots lead into objects. */
  readonly field: string;
  readonly op: Comparison;
  readonly value: FilterValue;
}

/**
 * Which rows count. A row without the field meets no condition on it but `ne`, and `not` is the plain opposite of what it holds.
 * `exists` is met by any value but null.
 */
export type Filter =
  | FieldCondition
  | { readonly field: string; readonly op: "in"; readonly values: readonly FilterValue[] }
  | { readonly field: string; readonly op: "exists" }
  | { readonly and: readonly Filter[] }
  | { readonly or: readonly Filter[] }
  | { readonly not: Filter };

const FIELD = /^[\p{L}\p{N}_-]+(?:\.[\p{L}\p{N}_-]+){0,7}$/u;
const COMPARISONS = ["eq", "ne", "lt", "lte", "gt", "gte"];
const MAX_CONDITIONS = 1000;
const MAX_DEPTH = 32;

/** @throws bad-argument for what is no filter, or one too large: at most 1,000 conditions, 32 deep */
export function checkFilter(filter: unknown): Filter {
  let room = MAX_CONDITIONS;
  const check = (part: unknown, depth: number): void => {
    if (--room < 0 || depth > MAX_DEPTH) {
      const wanted = `at most ${MAX_CONDITIONS} conditions, ${MAX_DEPTH} deep`;
      throw new NearfoldError("bad-argument", "the filter is too large", { wanted });
    }
    if (!isFilterPart(part)) throw malformed(part);
    if ("and" in part) for (const one of part.and) check(one, depth + 1);
    else if ("or" in part) for (const one of part.or) check(one, depth + 1);
    else if ("not" in part) check(part.not, depth + 1);
    else if (part.op === "in") room -= part.values.length;
  };
  check(filter, 0);
  return filter as Filter;
}

/** The same of one that may be absent. */
export function checkOptionalFilter(filter: unknown): Filter | undefined {
  return filter === undefined ? undefined : checkFilter(filter);
}

/** One level of a filter; what is inside is not looked at. */
function isFilterPart(part: unknown): part is Filter {
  if (typeof part !== "object" || part === null) return false;
  const { and, or, not, field, op, value, values } = part as Record<string, unknown>;
  if (and !== undefined) return Array.isArray(and);
  if (or !== undefined) return Array.isArray(or);
  if (not !== undefined) return true;
  if (typeof field !== "string" || field.length > 200 || !FIELD.test(field)) return false;
  if (op === "exists") return true;
  if (op === "in") return Array.isArray(values) && values.every(isFilterValue);
  return COMPARISONS.includes(op as string) && isFilterValue(value);
}

function isFilterValue(value: unknown): value is FilterValue {
  if (typeof value === "number") return Number.isFinite(value);
  return typeof value === "boolean" || (typeof value === "string" && value.isWellFormed());
}

function malformed(part: unknown): NearfoldError {
  return new NearfoldError("bad-argument", "not a filter", {
    got: (JSON.stringify(part) ?? "nothing").slice(0, 100),
    wanted: "a condition on a field (letters, digits, - and _, dots between), and, or, or not",
  });
}

/** Whether a payload meets a filter: what every store's own way must agree with. */
export function meets(payload: Payload | undefined, filter: Filter): boolean {
  if ("and" in filter) return filter.and.every((part) => meets(payload, part));
  if ("or" in filter) return filter.or.some((part) => meets(payload, part));
  if ("not" in filter) return !meets(payload, filter.not);
  const value = valueAt(payload, filter.field);
  if (filter.op === "exists") return value !== undefined && value !== null;
  if (filter.op === "in") return filter.values.some((wanted) => wanted === value);
  if (filter.op === "eq") return value === filter.value;
  if (filter.op === "ne") return value !== filter.value;
  const order = compareValues(value, filter.value);
  if (order === undefined) return false;
  if (filter.op === "lt") return order < 0;
  if (filter.op === "lte") return order <= 0;
  return filter.op === "gt" ? order > 0 : order >= 0;
}

function valueAt(payload: Payload | undefined, field: string): unknown {
  let value: unknown = payload;
  for (const name of field.split(".")) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
    if (!Object.hasOwn(value, name)) return undefined;
    value = (value as Payload)[name];
  }
  return value;
}

/** Undefined for values that have no order. */
function compareValues(a: unknown, b: FilterValue): number | undefined {
  if (typeof a === "number" && typeof b === "number") return a - b;
  if (typeof a === "string" && typeof b === "string") return compareText(a, b);
  return undefined;
}
