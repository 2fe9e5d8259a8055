import { stat } from "node:fs/promises";
import { parseText } from "../../data/fields.ts";
import { parseJson } from "../../data/jsonl.ts";
import { type Line, scanLines } from "../../data/lines.ts";
import {
  attemptRow,
  type Source,
  type SourceDocument,
  type SourceOptions,
  type SourceRow,
  toDocument,
  wellFormed,
} from "../source.ts";

/** A JSON object a line, `{id | _id, title?, text}`. An id that is absent is the line's number. */
export const jsonLines: Source = (path, options = {}) =>
  rowsOfLines(path, options, ({ text, at, number }) =>
    toDocument(parseJson(text, at), { ...options, at, number }),
  );

/** A text a line; its id is the line's number. */
export const textLines: Source = (path, options = {}) =>
  rowsOfLines(path, options, ({ text, at, number }) =>
    wellFormed({ id: String(number), text: parseText(text, "text", at) }, at),
  );

/** A row for each line that is not blank. */
async function* rowsOfLines(
  path: string,
  { skip = 0 }: SourceOptions,
  parse: (line: Line) => SourceDocument,
): AsyncGenerator<SourceRow> {
  const size = await sizeOf(path);
  let left = skip;
  for await (const line of scanLines(path)) {
    const { at, end } = line;
    if ("text" in line && line.text.trim() === "") continue;
    if (left-- > 0) continue;
    const place = { at, share: Math.min(1, end / size) };
    yield "error" in line ? { ...place, error: line.error } : attemptRow(place, () => parse(line));
  }
}

/** Bytes of a file; of a pipe, whose end nobody knows, endless. Of what is not there, which the reader will say, too. */
export async function sizeOf(path: string): Promise<number> {
  const found = await stat(path).catch(() => undefined);
  return found?.isFile() ? found.size : Number.POSITIVE_INFINITY;
}
