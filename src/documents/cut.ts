/** A block in pieces that fit. */
import type { Block, BlockKind } from "./document.ts";
import { trimmed } from "./paragraphs.ts";
import type { CountTokens } from "./token-count.ts";

/** A stretch of a text with its size in tokens, without white space at its ends. */
export interface Piece {
  readonly start: number;
  readonly end: number;
  readonly tokens: number;
}

/** UTF-16 units that a token stands for at most: a tokenizer may take a megabyte without a space for one unknown word. */
const UNITS_PER_TOKEN = 16;

/**
 * Tokens of a stretch; infinite, uncounted, where it is too long to fit in any case.
 * @param room tokens that it should fit in
 */
export function sizeOf(
  text: string,
  { start, end }: { readonly start: number; readonly end: number },
  count: CountTokens,
  room: number,
): number {
  const units = end - start;
  if (units > UNITS_PER_TOKEN * room) return Number.POSITIVE_INFINITY;
  return Math.max(count(text.slice(start, end)), Math.ceil(units / UNITS_PER_TOKEN));
}

/** Finds where stretches of a text end: offsets into it, in order, the last being its end. */
type Ends = (text: string) => Iterable<number>;

/** Ways to cut a block, each tried on what the one before leaves too long. */
const ways = {
  heading: [sentenceEnds],
  paragraph: [sentenceEnds],
  item: [lineEnds, sentenceEnds],
  code: [lineEnds],
  row: [sentenceEnds],
} as const satisfies Record<BlockKind, readonly Ends[]>;

/** The block itself where it fits, else its lines or sentences, else parts of these with at most `room` tokens. */
export function cutBlock(
  text: string,
  block: Pick<Block, "kind" | "start" | "end">,
  count: CountTokens,
  room: number,
): readonly Piece[] {
  return cut(text, block, ways[block.kind], count, room);
}

function cut(
  text: string,
  place: { readonly start: number; readonly end: number },
  [way, ...others]: readonly Ends[],
  count: CountTokens,
  room: number,
): readonly Piece[] {
  const [start, end] = trimmed(text, place.start, place.end);
  if (start === end) return [];
  const tokens = sizeOf(text, { start, end }, count, room);
  if (tokens <= room) return [{ start, end, tokens }];
  if (!way) return halve(text, { start, end }, count, room);
  const pieces: Piece[] = [];
  let from = start;
  for (const offset of way(text.slice(start, end))) {
    const to = start + offset;
    for (const piece of cut(text, { start: from, end: to }, others, count, room))
      pieces.push(piece);
    from = to;
  }
  return pieces;
}

/** Cuts in the middle, at a space if there is one near it, until all fits. A single character always does. */
function halve(
  text: string,
  place: { readonly start: number; readonly end: number },
  count: CountTokens,
  room: number,
): readonly Piece[] {
  const pieces: Piece[] = [];
  const waiting = [place];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const [start, end] = trimmed(text, next.start, next.end);
    if (start === end) continue;
    const tokens = sizeOf(text, { start, end }, count, room);
    const middle = middleOf(text, start, end);
    if (tokens <= room || middle <= start || middle >= end) pieces.push({ start, end, tokens });
    else waiting.push({ start: middle, end }, { start, end: middle });
  }
  return pieces;
}

function middleOf(text: string, start: number, end: number): number {
  const middle = start + ((end - start) >> 1);
  const reach = Math.min(64, (end - start) >> 2);
  const near = text.slice(middle - reach, middle + reach).search(/\s/);
  if (near >= 0) return middle - reach + near;
  const low = text.charCodeAt(middle);
  return low >= 0xdc00 && low <= 0xdfff ? middle + 1 : middle;
}

function* lineEnds(text: string): Generator<number> {
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) yield at + 1;
  yield text.length;
}

/** By Unicode (UAX #29), as ICU has it for English. */
export function* sentenceEnds(text: string): Generator<number> {
  // A segmenter keeps a copy of its text for each use: long texts go in parts, which end at a space.
  for (let from = 0; from < text.length; ) {
    const to = partEnd(text, from);
    for (const { index, segment } of segmenter.segment(text.slice(from, to))) {
      yield from + index + segment.length;
    }
    from = to;
  }
}

const segmenter = new Intl.Segmenter("en", { granularity: "sentence" });

/** UTF-16 units of a part. */
const PART = 64 * 2 ** 10;

function partEnd(text: string, from: number): number {
  if (text.length - from <= PART) return text.length;
  const space = text.lastIndexOf(" ", from + PART);
  if (space > from + PART / 2) return space + 1;
  const to = from + PART;
  const low = text.charCodeAt(to);
  return low >= 0xdc00 && low <= 0xdfff ? to - 1 : to;
}
