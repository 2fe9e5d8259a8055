/** Filters as conditions of LanceDB's SQL (DataFusion). Nothing of a filter is pasted but field names, which are letters, digits, - and _, and quoted values. */
import type { Comparison, Filter, FilterValue } from "../filter.ts";

const OPERATORS = { lt: "<", lte: "<=", gt: ">", gte: ">=" } as const;

/**
 * A condition that holds for the rows that meet the filter, as `meets` says, and is never NULL.
 * Payloads are JSON; `json_extract` gives a value as JSON text, so a string begins with a quote and a number never does. Strings that
 * hold quotes, backslashes or control characters are put in order as JSON writes them.
 */
export function whereOf(filter: Filter): string {
  if ("and" in filter) return joined(filter.and, " AND ", "true");
  if ("or" in filter) return joined(filter.or, " OR ", "false");
  if ("not" in filter) return `(NOT ${whereOf(filter.not)})`;
  const { field } = filter;
  if (filter.op === "exists") return exists(field);
  if (filter.op !== "in") return compare(field, filter.op, filter.value);
  if (filter.values.length === 0) return "false";
  return `(${filter.values.map((one) => equals(field, one)).join(" OR ")})`;
}

/** A list of ids, for `IN`. */
export function idsIn(ids: readonly string[]): string {
  return `id IN (${ids.map(quoted).join(", ")})`;
}

/** A string of SQL. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

function joined(parts: readonly Filter[], between: string, none: string): string {
  return parts.length === 0 ? none : `(${parts.map(whereOf).join(between)})`;
}

function exists(field: string): string {
  const found = `coalesce(${valueAt(field)}, 'null') <> 'null'`;
  return field === TEXT ? `(${TEXT} IS NOT NULL OR ${found})` : `(${found})`;
}

function valueAt(field: string): string {
  const path = field.split(".").map((name) => `."${name}"`);
  return `json_extract(payload, ${quoted(`$${path.join("")}`)})`;
}

function compare(field: string, op: Comparison, wanted: FilterValue): string {
  if (op === "eq") return equals(field, wanted);
  if (op === "ne") return `(NOT ${equals(field, wanted)})`;
  if (typeof wanted === "boolean") return "false";
  if (typeof wanted === "number") return order(numberAt(field), op, String(wanted));
  if (field === TEXT) return order(TEXT, op, quoted(wanted));
  // Without the quotes of JSON, of what has them.
  const value = valueAt(field);
  const inside = `substr(${value}, 2, length(${value}) - 2)`;
  const isText = `(coalesce(${value}, '') LIKE '"%')`;
  return `(${isText} AND ${order(inside, op, quoted(JSON.stringify(wanted).slice(1, -1)))})`;
}

function equals(field: string, wanted: FilterValue): string {
  if (typeof wanted === "number") return order(numberAt(field), "eq", String(wanted));
  if (field === TEXT && typeof wanted === "string") return order(TEXT, "eq", quoted(wanted));
  return order(valueAt(field), "eq", quoted(JSON.stringify(wanted)));
}

/** A column of its own where it is a string. */
const TEXT = "text";

/** NULL for what is no number. */
function numberAt(field: string): string {
  return `try_cast(${valueAt(field)} AS DOUBLE)`;
}

function order(value: string, op: Exclude<Comparison, "ne">, wanted: string): string {
  return `coalesce(${value} ${op === "eq" ? "=" : OPERATORS[op]} ${wanted}, false)`;
}
