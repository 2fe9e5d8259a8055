/** Which member of a group is kept, and the words for it. */
import { NearfoldError } from "../../errors.ts";

/** What a choice goes by. */
export interface Candidate {
  /** Its place in the input. */
  readonly row: number;
  /** UTF-16 units of its text. */
  readonly length: number;
  /** Of the field that is asked for; NaN where it has none. */
  readonly rank: number;
}

export interface KeepRule {
  readonly why: string;
  /** Whether the rule reads a field. */
  readonly byField: boolean;
  /** Below 0 where the first is the one to keep. */
  readonly compare: (a: Candidate, b: Candidate) => number;
}

/** Those without the field come last. */
const higher = (a: Candidate, b: Candidate) =>
  Number(Number.isNaN(a.rank)) - Number(Number.isNaN(b.rank)) || b.rank - a.rank || 0;

/** Adding a rule: a line here. Where it can't tell, the first is kept. */
export const keepRules = {
  longest: {
    why: "the longest text",
    byField: false,
    compare: (a: Candidate, b: Candidate) => b.length - a.length,
  },
  first: { why: "the first of them", byField: false, compare: () => 0 },
  newest: { why: "the latest", byField: true, compare: higher },
  highest: { why: "the highest", byField: true, compare: higher },
} as const satisfies Record<string, KeepRule>;

export type KeepName = keyof typeof keepRules;

/** Those of a group in the order in which they would be kept. */
export function inOrder(members: readonly Candidate[], name: KeepName): readonly Candidate[] {
  const { compare } = keepRules[name];
  return members.toSorted((a, b) => compare(a, b) || a.row - b.row);
}

/**
 * A field's value as a number: a number, or for the newest a date as `Date.parse` reads it. NaN where there is none.
 * @throws bad-input for anything else
 */
export function parseRank(value: unknown, name: KeepName, at: string): number {
  if (value === undefined || value === null || value === "") return Number.NaN;
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  if (typeof number === "number" && Number.isFinite(number)) return number;
  const date = value instanceof Date ? value.getTime() : Date.parse(String(value));
  if (name === "newest" && Number.isFinite(date)) return date;
  throw new NearfoldError("bad-input", "the field that is compared is no such value", {
    at,
    got: JSON.stringify(String(value).slice(0, 60)),
    wanted: name === "newest" ? "a date, or a number" : "a number",
  });
}
