/**
 * Filters as Milvus' expressions over payloads as `payload-code.ts` lays them out. Field names are letters, digits, - and _, and every text is a
 * quoted literal; nothing else of a filter comes in.
 */
import type { Comparison, Filter, FilterValue } from "../filter.ts";
import { types } from "./payload-code.ts";

const OPERATORS = { eq: "==", lt: "<", lte: "<=", gt: ">", gte: ">=" } as const;
/** There is no literal for these. */
const TRUE = 'id != ""';
const FALSE = 'id == ""';

/** An expression that is true or false, never unknown, for every row, as `meets` says. */
export function expressionOf(filter: Filter): string {
  if ("and" in filter) return joined(filter.and.map(expressionOf), " and ", TRUE);
  if ("or" in filter) return joined(filter.or.map(expressionOf), " or ", FALSE);
  if ("not" in filter) return `(not ${expressionOf(filter.not)})`;
  const { field } = filter;
  if (filter.op === "exists") {
    const some = types.filter((type) => type !== "z");
    return joined(
      some.map((type) => `exists ${at(field, type)}`),
      " or ",
      FALSE,
    );
  }
  if (filter.op !== "in") return compare(field, filter.op, filter.value);
  return joined(
    filter.values.map((value) => compare(field, "eq", value)),
    " or ",
    FALSE,
  );
}

/** A list of ids. */
export function idsIn(ids: readonly string[]): string {
  return `id in [${ids.map(literal).join(", ")}]`;
}

/** A text in quotes. Source: https://milvus.io/docs/boolean.md (literals as Go reads them) */
export function literal(text: string): string {
  const escaped = text.replaceAll(/["\\]/g, "\\$&").replaceAll("\n", "\\n").replaceAll("\r", "\\r");
  return `"${escaped.replaceAll("\t", "\\t")}"`;
}

export function allOf(...parts: readonly (string | undefined)[]): string {
  return joined(
    parts.filter((part) => part !== undefined),
    " and ",
    "",
  );
}

function joined(parts: readonly string[], between: string, none: string): string {
  return parts.length === 0 ? `${none}` : `(${parts.join(between)})`;
}

function at(field: string, type: string): string {
  const path = field.split(".").map((name) => `["o"]["${name}"]`);
  return `payload${path.join("")}["${type}"]`;
}

function compare(field: string, op: Comparison, wanted: FilterValue): string {
  if (op === "ne") return `(not ${compare(field, "eq", wanted)})`;
  if (typeof wanted === "boolean") {
    return op === "eq" ? holds(at(field, "b"), "eq", wanted ? "1" : "0") : FALSE;
  }
  if (typeof wanted === "string") return holds(at(field, "s"), op, literal(wanted));
  return holds(at(field, "n"), op, number(wanted));
}

function holds(value: string, op: keyof typeof OPERATORS, wanted: string): string {
  return `(exists ${value} and ${value} ${OPERATORS[op]} ${wanted})`;
}

/** Whole numbers beyond 64 bits as floating point. */
function number(value: number): string {
  if (Number.isSafeInteger(value)) return String(value + 0);
  const text = String(value);
  return /[.e]/.test(text) ? text : `${text}.0`;
}
