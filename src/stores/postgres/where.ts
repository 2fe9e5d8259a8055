/** Filters as conditions of PostgreSQL's SQL over a jsonb payload. Names of fields and values are parameters; nothing of a filter is pasted. */
import type { Comparison, Filter, FilterValue } from "../filter.ts";

const OPERATORS = { lt: "<", lte: "<=", gt: ">", gte: ">=" } as const;

/** Takes a value, and says how the statement names it: `$3`. */
export type Bind = (value: unknown) => string;

/**
 * A condition that holds for the rows that meet the filter, as `meets` says; NULL, which `not` takes care of, counts as not met.
 * jsonb compares by type: numbers as decimals, texts by code point. `->` with a name leads into objects alone.
 */
export function whereOf(filter: Filter, bind: Bind): string {
  if ("and" in filter) return joined(filter.and, " AND ", "true", bind);
  if ("or" in filter) return joined(filter.or, " OR ", "false", bind);
  if ("not" in filter) return not(whereOf(filter.not, bind));
  const path = filter.field.split(".");
  if (filter.op === "exists") return `(jsonb_typeof(${valueAt(path, bind)}) <> 'null')`;
  if (filter.op !== "in") return compare(path, filter.op, filter.value, bind);
  const values = filter.values.filter(isStorable).map((one) => JSON.stringify(one));
  return `(${valueAt(path, bind)} = ANY(${bind(values)}::text[]::jsonb[]))`;
}

function joined(parts: readonly Filter[], between: string, none: string, bind: Bind): string {
  const conditions = parts.map((part) => whereOf(part, bind));
  return conditions.length === 0 ? none : `(${conditions.join(between)})`;
}

function not(condition: string): string {
  return `(NOT coalesce(${condition}, false))`;
}

function valueAt(path: readonly string[], bind: Bind): string {
  return `(payload${path.map((name) => ` -> ${bind(name)}::text`).join("")})`;
}

function compare(path: readonly string[], op: Comparison, wanted: FilterValue, bind: Bind): string {
  if (op === "eq") return equals(path, wanted, bind);
  if (op === "ne") return not(equals(path, wanted, bind));
  if (typeof wanted === "boolean") return "false";
  const value = valueAt(path, bind);
  if (typeof wanted === "number") {
    const number = bind(JSON.stringify(wanted));
    return `(jsonb_typeof(${value}) = 'number' AND ${value} ${OPERATORS[op]} ${number}::jsonb)`;
  }
  // No text that is kept holds a NUL: what lies below one that does is what lies below or at its beginning.
  const nul = wanted.indexOf("\0");
  const operator = nul < 0 ? OPERATORS[op] : op.startsWith("l") ? "<=" : ">";
  const text = bind(nul < 0 ? wanted : wanted.slice(0, nul));
  const inside = `(${value} #>> '{}') COLLATE "C"`;
  return `(jsonb_typeof(${value}) = 'string' AND ${inside} ${operator} ${text}::text)`;
}

/** As containment, which an index of payloads answers. */
function equals(path: readonly string[], wanted: FilterValue, bind: Bind): string {
  if (!isStorable(wanted)) return "false";
  const object = path.reduceRight<string>(
    (inside, name) => `{${JSON.stringify(name)}:${inside}}`,
    JSON.stringify(wanted),
  );
  return `(payload @> ${bind(object)}::jsonb)`;
}

/** jsonb holds no NUL. */
function isStorable(value: FilterValue): boolean {
  return typeof value !== "string" || !value.includes("\0");
}
