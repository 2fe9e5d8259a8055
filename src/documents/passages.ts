/** A document in passages: what one vector stands for, and what an answer quotes. */
import { NearfoldError } from "../errors.ts";
import { contextOf } from "./context.ts";
import { cutBlock, sentenceEnds, sizeOf } from "./cut.ts";
import type { Block, StructuredDocument } from "./document.ts";
import { type Pack, packUnits, type Unit } from "./pack.ts";
import { trimmed } from "./paragraphs.ts";
import { type CountTokens, estimateTokens } from "./token-count.ts";

export interface PassageMetadata {
  /** The document's id. */
  readonly source: string;
  readonly title?: string;
  /** Under which all of it stands, the outermost first. */
  readonly headings: readonly string[];
  /** UTF-16 units into the document's text: the passage is that slice of it. */
  readonly start: number;
  readonly end: number;
  /** On which it begins, from 1, where the file has pages. */
  readonly page?: number;
}

export interface Passage {
  /** "<document>#<n>", counted from 0. */
  readonly id: string;
  readonly text: string;
  /** Where it stands, as a line or two to put before it for a model: title, headings, names of a table's columns. May be empty. */
  readonly context: string;
  readonly metadata: PassageMetadata;
}

export interface PassageOptions {
  /** @default estimateTokens; pass `tokenCounter(tokenizer)` of the model that will read them */
  readonly countTokens?: CountTokens | undefined;
  /** Tokens of a passage; with its context, where that is asked for. @default 256 */
  readonly maxTokens?: number | undefined;
  /** Tokens that a passage repeats of the one before it, where a section was cut. @default an eighth of maxTokens */
  readonly overlap?: number | undefined;
  /** Leave room for the context within maxTokens. @default false */
  readonly withContext?: boolean | undefined;
}

/** Fewer make no passage. */
const LEAST_TOKENS = 16;

/**
 * Cuts by headings first, then paragraphs, items, code and rows, each kept whole where it fits, then lines or sentences, then tokens. A section of less than a quarter of a
 * passage goes with the next. None is empty; `document.text.slice(start, end)` is the passage.
 * @throws bad-argument for sizes that make no sense
 */
export function passages(
  document: StructuredDocument,
  options: PassageOptions = {},
): readonly Passage[] {
  const { countTokens = estimateTokens, withContext = false } = options;
  const { maxTokens, overlap } = checked(options);
  const { text, title } = document;
  const contexts = new Map<readonly string[], number>();
  const roomOf = ({ headings }: Block): number => {
    if (!withContext) return maxTokens - overlap;
    const known = contexts.get(headings);
    const taken = known ?? countTokens(contextOf({ title, headings }, maxTokens));
    contexts.set(headings, taken);
    return Math.max(LEAST_TOKENS / 2, maxTokens - overlap - taken);
  };
  const units = unitsOf(document, countTokens, roomOf);
  const packs = packUnits(units, text, { least: maxTokens >> 2 });
  return packs.map((pack, n) => {
    const before = packs[n - 1];
    const start =
      pack.goesOn && before ? overlapStart(text, before, pack, overlap, countTokens) : pack.start;
    const { end, headings, page, header } = pack;
    const context = contextOf({ title, headings, header }, maxTokens);
    const place = { headings, start, end, ...(page !== undefined && { page }) };
    const metadata = { source: document.id, ...(title !== undefined && { title }), ...place };
    return { id: `${document.id}#${n}`, text: text.slice(start, end), context, metadata };
  });
}

function checked({ maxTokens = 256, overlap = maxTokens >> 3 }: PassageOptions) {
  if (!Number.isSafeInteger(maxTokens) || maxTokens < LEAST_TOKENS) {
    const [got, wanted] = [String(maxTokens), `a whole number of at least ${LEAST_TOKENS}`];
    throw new NearfoldError("bad-argument", "not a size of passages", {
      at: "maxTokens",
      got,
      wanted,
    });
  }
  if (!Number.isSafeInteger(overlap) || overlap < 0 || overlap > maxTokens / 2) {
    const [got, wanted] = [String(overlap), `a whole number from 0 to ${maxTokens >> 1}`];
    throw new NearfoldError("bad-argument", "not an overlap", { at: "overlap", got, wanted });
  }
  return { maxTokens, overlap };
}

/** Blocks that fit, and pieces of those that don't. */
function* unitsOf(
  { text, blocks }: StructuredDocument,
  count: CountTokens,
  roomOf: (block: Block) => number,
): Generator<Unit> {
  let before = 0;
  for (const block of blocks) {
    const room = roomOf(block);
    let first = true;
    for (const { start, end, tokens } of cutBlock(text, block, count, room)) {
      const gap = text.slice(before, start).trim().slice(0, 100);
      yield { start, end, tokens: tokens + (gap === "" ? 0 : count(gap)), block, room, first };
      [first, before] = [false, end];
    }
  }
}

/** How far back a passage begins: the last sentences of the one before that fit, or the last words. */
function overlapStart(
  text: string,
  { start: from }: Pack,
  { start: to }: Pack,
  room: number,
  count: CountTokens,
): number {
  if (room === 0) return to;
  // English has some five units a token: so many hold more than there is room for.
  const low = Math.max(from, to - 12 * room);
  const stretch = text.slice(low, to);
  const sentences = [...(low === from ? [0] : []), ...sentenceEnds(stretch)];
  const words = [...stretch.matchAll(/(?<=\s)\S/g)].map(({ index }) => index);
  const fits = (at: number) => sizeOf(text, { start: low + at, end: to }, count, room) <= room;
  for (const places of [sentences.slice(0, -1), words]) {
    const at = places[firstThat(places, fits)];
    if (at !== undefined) return trimmed(text, low + at, to)[0];
  }
  return to;
}

/** The index of the first that holds, of a list in which all after it hold too; its length where none does. */
function firstThat(places: readonly number[], holds: (place: number) => boolean): number {
  let [low, high] = [0, places.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(places[middle])) high = middle;
    else low = middle + 1;
  }
  return low;
}
