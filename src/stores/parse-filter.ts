/** Filters as people type them: `year >= 2000 and (lang = "en" or not tag in ("a", "b"))`. */
import { NearfoldError } from "../errors.ts";
import { type Comparison, checkFilter, type Filter, type FilterValue } from "./filter.ts";

const OPERATORS: Readonly<Record<string, Comparison>> = {
  "=": "eq",
  "==": "eq",
  "!=": "ne",
  "<>": "ne",
  "<": "lt",
  "<=": "lte",
  ">": "gt",
  ">=": "gte",
};

const TOKEN =
  /\s*(?:(?<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\p{L}\p{N}_.-]))|(?<word>[\p{L}\p{N}_-]+(?:\.[\p{L}\p{N}_-]+)*)|(?<sign><=|>=|!=|<>|==|[=<>(),]))/uy;
const MAX_LENGTH = 100_000;
const MAX_DEPTH = 32;

interface Token {
  readonly kind: "string" | "number" | "word" | "sign";
  readonly text: string;
}

/**
 * A filter of `field = value`, `!=`, `<`, `<=`, `>`, `>=`, `field in (value, …)`, `field exists`, joined by `and`, `or`, `not` and parentheses; a value is a
 * number, `true`, `false`, or a string in quotes.
 * @throws bad-argument naming what stands where it should not
 */
export function parseFilter(text: string): Filter {
  if (text.length > MAX_LENGTH) throw wrong("a longer text", `at most ${MAX_LENGTH} characters`);
  const tokens = tokensOf(text);
  const { filter, next } = parseOr(tokens, 0, 0);
  if (next < tokens.length) throw unexpected(tokens[next], '"and", "or" or the end');
  return checkFilter(filter);
}

interface Parsed {
  readonly filter: Filter;
  /** The token after it. */
  readonly next: number;
}

function parseOr(tokens: readonly Token[], at: number, depth: number): Parsed {
  return parseJoined(tokens, at, "or", (from) => parseAnd(tokens, from, depth));
}

function parseAnd(tokens: readonly Token[], at: number, depth: number): Parsed {
  return parseJoined(tokens, at, "and", (from) => parseNot(tokens, from, depth));
}

function parseJoined(
  tokens: readonly Token[],
  at: number,
  word: "and" | "or",
  parse: (at: number) => Parsed,
): Parsed {
  let { filter, next } = parse(at);
  const parts = [filter];
  while (isWord(tokens[next], word)) {
    ({ filter, next } = parse(next + 1));
    parts.push(filter);
  }
  if (parts.length === 1) return { filter: parts[0], next };
  return { filter: word === "and" ? { and: parts } : { or: parts }, next };
}

function parseNot(tokens: readonly Token[], at: number, depth: number): Parsed {
  if (depth > MAX_DEPTH) throw wrong("conditions in conditions", `at most ${MAX_DEPTH} deep`);
  const token = tokens[at];
  // A field may have the name of a word.
  if (isWord(token, "not") && !isOperator(tokens[at + 1])) {
    const { filter, next } = parseNot(tokens, at + 1, depth + 1);
    return { filter: { not: filter }, next };
  }
  if (token?.text !== "(" || token.kind !== "sign") return parseCondition(tokens, at);
  const { filter, next } = parseOr(tokens, at + 1, depth + 1);
  requireSign(tokens[next], ")");
  return { filter, next: next + 1 };
}

function parseCondition(tokens: readonly Token[], at: number): Parsed {
  const [token, operator] = [tokens[at], tokens[at + 1]];
  if (token?.kind !== "word") throw unexpected(token, "the name of a field");
  const field = token.text;
  if (isWord(operator, "exists")) return { filter: { field, op: "exists" }, next: at + 2 };
  if (isWord(operator, "in")) return parseList(tokens, at + 2, field);
  const op = operator?.kind === "sign" ? OPERATORS[operator.text] : undefined;
  if (op === undefined) throw unexpected(operator, "=, !=, <, <=, >, >=, in or exists");
  return { filter: { field, op, value: parseValue(tokens[at + 2]) }, next: at + 3 };
}

function parseList(tokens: readonly Token[], at: number, field: string): Parsed {
  requireSign(tokens[at], "(");
  const values: FilterValue[] = [];
  for (let next = at + 1; ; next += 2) {
    values.push(parseValue(tokens[next]));
    const after = tokens[next + 1];
    if (after?.kind === "sign" && after.text === ",") continue;
    requireSign(after, ")");
    return { filter: { field, op: "in", values }, next: next + 2 };
  }
}

function parseValue(token: Token | undefined): FilterValue {
  if (token?.kind === "number") return Number(token.text);
  if (token?.kind === "string") return token.text.slice(1, -1).replaceAll(/\\(.)/gsu, "$1");
  if (isWord(token, "true") || isWord(token, "false")) return token!.text.toLowerCase() === "true";
  throw unexpected(token, 'a number, true, false, or a string in quotes, as "en"');
}

function tokensOf(text: string): readonly Token[] {
  const tokens: Token[] = [];
  const pattern = new RegExp(TOKEN);
  let at = 0;
  while (text.slice(at).trim() !== "") {
    pattern.lastIndex = at;
    const groups = pattern.exec(text)?.groups;
    if (!groups) throw wrong(JSON.stringify(text.slice(at, at + 20).trim()), "a condition");
    const [kind, found] = Object.entries(groups).find(([, value]) => value !== undefined)!;
    tokens.push({ kind: kind as Token["kind"], text: found });
    at = pattern.lastIndex;
  }
  return tokens;
}

function isWord(token: Token | undefined, word: string): boolean {
  return token?.kind === "word" && token.text.toLowerCase() === word;
}

function isOperator(token: Token | undefined): boolean {
  return token?.kind === "sign" && Object.hasOwn(OPERATORS, token.text);
}

function requireSign(token: Token | undefined, sign: string): void {
  if (token?.kind !== "sign" || token.text !== sign) throw unexpected(token, `"${sign}"`);
}

function unexpected(token: Token | undefined, wanted: string): NearfoldError {
  return wrong(token ? JSON.stringify(token.text.slice(0, 40)) : "the end", wanted);
}

function wrong(got: string, wanted: string): NearfoldError {
  const hint = 'Write it like: year >= 2000 and lang = "en"';
  return new NearfoldError("bad-argument", "not a filter", { got, wanted, hint });
}
