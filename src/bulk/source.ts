/** Where texts come from: rows in their order, those that are none among them. */
import { type Document, parseDocument } from "../data/documents.ts";
import { findField, parseId, parseObject, parseText } from "../data/fields.ts";
import { NearfoldError } from "../errors.ts";
import type { Payload } from "../stores/index.ts";

/** A row of the input: a document, or why there is none. */
export type SourceRow = RowPlace &
  ({ readonly document: SourceDocument } | { readonly error: NearfoldError });

export interface SourceDocument extends Document {
  /** The other fields of its record, where they were asked for; with a `text`, that is what is kept and shown, and the document's is what a model reads. */
  readonly metadata?: Payload;
}

export interface RowPlace {
  /** What the row is called: its line, its file, its number. */
  readonly at: string;
  /** How much of the input lies before the end of this row, from 0 to 1. */
  readonly share: number;
}

/** Which fields of a record are what. */
export interface Fields {
  /** @default "text", after a "title" where there is one */
  readonly text?: string | undefined;
  /** @default "id" or "_id", and the number of the row where there is none */
  readonly id?: string | undefined;
}

export interface SourceOptions extends Fields {
  /** Whether documents come with the other fields of their records, the title among them. @default false */
  readonly metadata?: boolean | undefined;
  /** Rows to pass over, unread as far as may be: those that an earlier run was done with. @default 0 */
  readonly skip?: number;
}

/**
 * The rows of an input: of the same one always the same.
 * @throws not-found, io; bad-input for a file that is not of its kind, or has no such fields
 */
export type Source = (path: string, options?: SourceOptions) => AsyncIterable<SourceRow>;

/**
 * A document of a record; its text may be empty, as collections hold such.
 * @param number what it is called where it has no id
 * @throws bad-input, too-large
 */
export function toDocument(
  value: unknown,
  {
    at,
    number,
    text,
    id,
    metadata = false,
  }: SourceOptions & { readonly at: string; readonly number: number },
): SourceDocument {
  const record = parseObject(value, at, `{"${id ?? "id"}", "${text ?? "text"}"}`);
  const named =
    id === undefined ? (findField(record, ["id", "_id"], at)?.value ?? number) : record[id];
  const found =
    text === undefined
      ? parseDocument({ title: record.title, text: record.text }, at, { line: number }).text
      : parseText(record[text], text, at).trim();
  const document = wellFormed({ id: parseId(named, id ?? "id", at), text: found }, at);
  if (!metadata) return document;
  const taken = ["text", text ?? "text", ...(id === undefined ? ["id", "_id"] : [id])];
  return { ...document, metadata: metadataOf(record, taken) };
}

/** The fields of a record that are JSON and not taken for something else; what names them must be Unicode. */
function metadataOf(record: Payload, taken: readonly string[]): Payload {
  const isJson = (value: unknown) => !ArrayBuffer.isView(value) && typeof value !== "bigint";
  const kept = Object.entries(record).filter(
    ([name, value]) => !taken.includes(name) && name !== "" && isJson(value),
  );
  return Object.fromEntries(kept);
}

/** @throws bad-input for a document that holds half a surrogate pair: no tokenizer and no file of ours takes that */
export function wellFormed(document: Document, at: string): Document {
  const wrong = [document.id, document.text].find((text) => !text.isWellFormed());
  if (wrong === undefined) return document;
  const got = "half a surrogate pair";
  throw new NearfoldError("bad-input", "the text is not Unicode", { at, got });
}

/** A row of what `make` gives, or of the error of the input's that it throws. */
export function attemptRow(place: RowPlace, make: () => SourceDocument): SourceRow {
  try {
    return { ...place, document: make() };
  } catch (error) {
    if (!(error instanceof NearfoldError) || error.code === "bug") throw error;
    return { ...place, error };
  }
}

/** @throws bad-input unless the table has the columns that are asked for */
export function requireColumns(
  names: readonly string[],
  { text = "text", id }: Fields,
  at: string,
): void {
  for (const [name, option] of [
    [text, "--text"],
    [id, "--id"],
  ] as const) {
    if (name === undefined || names.includes(name)) continue;
    throw new NearfoldError("bad-input", `there is no column "${name}"`, {
      at,
      got: names.slice(0, 12).join(", ") || "no columns",
      hint: `Name it: ${option} COLUMN`,
    });
  }
}
