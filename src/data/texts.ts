/** Texts alone, from files of any kind: what is said of them beside is not read. */
import { extname } from "node:path";
import { parseDocument, readDocuments } from "./documents.ts";
import { parseFilledText, parseObject, type TextBound } from "./fields.ts";
import { readJsonl } from "./jsonl.ts";
import type { LineOptions } from "./lines.ts";
import { readRows } from "./pairs.ts";
import { parseRows, type Row } from "./row.ts";

/** A text, and what it is to a search: prompts differ by it. */
export interface RoledText {
  readonly text: string;
  readonly role: "query" | "document";
}

/**
 * The texts of a file, in its order and as often as they occur: lines of a `.txt`; of JSONL and `.tsv`, documents, pairs with their hard
 * negatives, scored sentence pairs, single texts, or JSON strings. The anchor of a pair is a query, all else is a document.
 * @throws bad-input, too-large with file and line; with `onBad` such rows are left out
 */
export async function* readTexts(
  path: string,
  options: LineOptions & TextBound = {},
): AsyncGenerator<RoledText> {
  const extension = extname(path).toLowerCase();
  if (extension === ".txt") {
    for await (const { text } of readDocuments(path, options)) yield { text, role: "document" };
  } else if (extension === ".tsv") {
    for await (const row of readRows(path, options)) yield* textsOfRow(row);
  } else {
    const parse = (value: unknown, at: string) => parseTexts(value, at, options);
    for await (const texts of readJsonl(path, parse, options)) yield* texts;
  }
}

/** @throws bad-input, too-large */
export function parseTexts(value: unknown, at: string, bound: TextBound = {}): RoledText[] {
  if (typeof value === "string") {
    return [{ text: parseFilledText(value, "text", at, bound), role: "document" }];
  }
  if (Array.isArray(value)) return parseRows(value, at, bound).flatMap(textsOfRow);
  const row = parseObject(value, at, "a text, a document, or a pair");
  const isDocument = "text" in row && ("title" in row || "_id" in row || "id" in row);
  if (!isDocument) return parseRows(row, at, bound).flatMap(textsOfRow);
  const { text } = parseDocument(row, at, { ...bound, line: 0 });
  // Collections hold empty documents; there is nothing to learn from one.
  return text === "" ? [] : [{ text, role: "document" }];
}

function textsOfRow({ anchor, positive, negatives }: Row): RoledText[] {
  const document = (text: string) => ({ text, role: "document" as const });
  if (positive === undefined) return [document(anchor), ...negatives.map(document)];
  return [{ text: anchor, role: "query" }, ...[positive, ...negatives].map(document)];
}
