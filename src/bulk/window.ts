/** Rows that are encoded, written and recorded together. */
import type { NearfoldError } from "../errors.ts";
import type { SourceDocument, SourceRow } from "./source.ts";

/** A document and its place in the input. */
export interface WindowDocument extends SourceDocument {
  /** Of the input, from 1. */
  readonly row: number;
  readonly at: string;
}

export interface Window {
  readonly documents: readonly WindowDocument[];
  /** Rows that are none, in the order of the input. */
  readonly errors: readonly RowError[];
  /** Rows of the input up to its end, errors among them, those that were passed over too. */
  readonly read: number;
  /** How much of the input lies before its end, from 0 to 1. */
  readonly share: number;
}

export interface RowError {
  /** Of the input, from 1. */
  readonly row: number;
  readonly error: NearfoldError;
}

export interface WindowLimits {
  readonly rows: number;
  /** UTF-16 units of all texts: what bounds memory where texts are long. */
  readonly characters: number;
}

/** Whether rows that were gathered are enough. */
export function isFull(rows: number, characters: number, limits: WindowLimits): boolean {
  return rows >= limits.rows || characters >= limits.characters;
}

/**
 * Cuts rows into windows. Where one ends depends on the rows since the one before alone, so a run that goes on at the end of a window has the same
 * windows as one that was never stopped; and with them, as batches are made within a window, the same bytes.
 * @param before rows that were passed over
 */
export async function* windowsOf(
  rows: AsyncIterable<SourceRow>,
  limits: WindowLimits,
  before = 0,
): AsyncGenerator<Window> {
  let read = before;
  let share = 0;
  let [documents, errors, characters] = [[] as WindowDocument[], [] as RowError[], 0];
  for await (const row of rows) {
    read++;
    share = row.share;
    if ("error" in row) errors.push({ row: read, error: row.error });
    else {
      documents.push({ ...row.document, row: read, at: row.at });
      characters += row.document.text.length;
    }
    if (!isFull(documents.length + errors.length, characters, limits)) continue;
    yield { documents, errors, read, share };
    [documents, errors, characters] = [[], [], 0];
  }
  if (documents.length + errors.length > 0) yield { documents, errors, read, share };
}
