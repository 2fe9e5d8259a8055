/** JSON Lines: one value a line (https://jsonlines.org). */
import { NearfoldError } from "../errors.ts";
import { type Line, type LineOptions, quote, raise, readLines } from "./lines.ts";

/** Makes a row of a parsed JSON value; throws a NearfoldError that begins with `at` (`pairs.jsonl:12`). */
export type ParseRow<Row> = (value: unknown, at: string, line: number) => Row;

/**
 * The rows of a JSONL file, streamed. A byte order mark, `\r\n` and blank lines are tolerated.
 * @throws bad-input at a line that is not JSON (`pairs.jsonl:12: not JSON (got "…", wanted …)`) or that `parseRow`
 * refuses, unless `onBad` takes it; in any case when no row is left.
 */
export async function* readJsonl<Row>(
  path: string,
  parseRow: ParseRow<Row>,
  options: LineOptions = {},
): AsyncGenerator<Row> {
  const parse = ({ text, at, number }: Line) => parseRow(parseJson(text, at), at, number);
  yield* readRows(path, parse, options);
}

/**
 * The rows that `parse` makes of the lines of a file; `undefined` is no row (a line of column names).
 * @throws bad-input when no row is left, besides what `parse` throws (unless `onBad` takes it).
 */
export async function* readRows<Row>(
  path: string,
  parse: (line: Line) => Row | undefined,
  { onBad = raise, ...bounds }: LineOptions = {},
): AsyncGenerator<Row> {
  let rows = 0;
  let bad = 0;
  const skip = (error: NearfoldError) => {
    bad++;
    onBad(error);
  };
  for await (const line of readLines(path, { ...bounds, onBad: skip })) {
    const row = attempt(() => parse(line), skip);
    if (row === undefined) continue;
    rows++;
    yield row;
  }
  if (rows > 0) return;
  throw new NearfoldError("bad-input", bad === 0 ? "the file is empty" : "no line is usable", {
    at: path,
    wanted: "at least one row",
    ...(bad > 0 && { got: `${bad} bad lines` }),
  });
}

/** Runs `make`; an error of the input's goes to `skip`, any other is thrown. */
function attempt<T>(make: () => T, skip: (error: NearfoldError) => void): T | undefined {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof NearfoldError) || error.code === "bug") throw error;
    skip(error);
    return undefined;
  }
}

/** The value of a line. @throws bad-input */
export function parseJson(text: string, at: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new NearfoldError("bad-input", "not JSON", {
      at,
      got: quote(text),
      wanted: "one JSON value a line",
      cause,
    });
  }
}
