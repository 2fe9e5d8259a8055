/** Collections of texts. */
import { extname } from "node:path";
import { findField, parseId, parseObject, parseText, type TextBound } from "./fields.ts";
import { readJsonl, readRows } from "./jsonl.ts";
import type { LineOptions } from "./lines.ts";

export interface Document {
  readonly id: string;
  readonly text: string;
}

export interface DocumentOptions extends LineOptions, TextBound {}

/**
 * The documents of a file: each line of a `.txt` is one; any other file is JSONL of `{id | _id, title?, text}`.
 * An id that is absent is the line's number. Ids are not compared: who keeps the documents does that.
 * @throws bad-input, too-large with file and line; with `onBad` such rows are left out.
 */
export function readDocuments(
  path: string,
  options: DocumentOptions = {},
): AsyncGenerator<Document> {
  if (extname(path).toLowerCase() !== ".txt") {
    const parse = (value: unknown, at: string, line: number) =>
      parseDocument(value, at, { ...options, line });
    return readJsonl(path, parse, options);
  }
  return readRows(
    path,
    ({ text, at, number }) => ({
      id: String(number),
      text: parseText(text, "text", at, options),
    }),
    options,
  );
}

/**
 * A document of a JSON row. Its text is `title + " " + text`, as BEIR joins them, and may be empty: collections hold
 * such documents, and dropping one changes every score.
 * @throws bad-input, too-large.
 */
export function parseDocument(
  value: unknown,
  at: string,
  { line, ...bound }: TextBound & { readonly line?: number } = {},
): Document {
  const row = parseObject(value, at, '{"id", "text", "title"?}');
  const id = findField(row, ["id", "_id"], at) ?? { name: "id", value: line };
  const title = parseText(row.title ?? "", "title", at, bound);
  const text = parseText(row.text, "text", at, bound);
  return { id: parseId(id.value, id.name, at), text: `${title} ${text}`.trim() };
}
