/** Lines of pages to paragraphs and headings: a PDF says where letters stand, and no more. */
import type { Content } from "./document.ts";
import { Sections } from "./sections.ts";

export interface PdfLine {
  readonly text: string;
  /** From 1. */
  readonly page: number;
  /** Points from the bottom of its page. */
  readonly y: number;
  /** Of its first letters, in points. */
  readonly size: number;
}

/** A line this much larger than the body is a heading, if it is short. */
const LARGER = 1.15;
const LONGEST_HEADING = 160;
/** Lines further apart than so many of their sizes are of two paragraphs. */
const APART = 1.8;
/** Sizes that are told apart as depths of headings. */
const DEPTHS = 6;

/** A paragraph's lines are joined by spaces; a word that a hyphen breaks at a line's end is made whole. */
export function pdfBlocks(lines: readonly PdfLine[]): Pick<Content, "text" | "blocks"> {
  const body = bodySize(lines);
  const sizes = headingSizes(lines, body);
  const sections = new Sections();
  const done: string[] = [];
  let length = 0;
  for (const paragraph of toParagraphs(lines, body)) {
    const text = joinLines(paragraph.map((line) => line.text));
    if (done.length > 0) length += 2;
    const [{ page, size }] = paragraph;
    const place = { start: length, end: length + text.length, page };
    done.push(text);
    length = place.end;
    const depth = isHeading(paragraph[0], body) ? 1 + sizes.indexOf(Math.round(size)) : 0;
    if (depth > 0 && text.length <= LONGEST_HEADING) sections.heading(text, depth, place);
    else sections.add("paragraph", place);
  }
  return { text: done.join("\n\n"), blocks: sections.blocks };
}

/** The size that most letters have. */
function bodySize(lines: readonly PdfLine[]): number {
  const letters = new Map<number, number>();
  for (const { text, size } of lines) {
    const rounded = Math.round(2 * size) / 2;
    letters.set(rounded, (letters.get(rounded) ?? 0) + text.length);
  }
  return [...letters].reduce((best, one) => (one[1] > best[1] ? one : best), [0, 0])[0];
}

/** The largest first. */
function headingSizes(lines: readonly PdfLine[], body: number): readonly number[] {
  const found = lines.filter((line) => isHeading(line, body)).map(({ size }) => Math.round(size));
  return [...new Set(found)].sort((a, b) => b - a).slice(0, DEPTHS);
}

function isHeading({ text, size }: PdfLine, body: number): boolean {
  return size > LARGER * body && text.length <= LONGEST_HEADING && /\p{L}/u.test(text);
}

function toParagraphs(lines: readonly PdfLine[], body: number): readonly (readonly PdfLine[])[] {
  const paragraphs: PdfLine[][] = [];
  for (const line of lines) {
    const before = paragraphs.at(-1)?.at(-1);
    const joins = before && follows(before, line, body);
    if (joins) paragraphs.at(-1)!.push(line);
    else paragraphs.push([line]);
  }
  return paragraphs;
}

/** Whether a line goes on with the paragraph of the one before it. */
function follows(before: PdfLine, { page, y, size }: PdfLine, body: number): boolean {
  const alike = Math.abs(size - before.size) <= 0.1 * body;
  const down = before.y - y;
  return page === before.page && alike && down >= -0.5 * size && down <= APART * size;
}

function joinLines(lines: readonly string[]): string {
  let text = "";
  for (const line of lines) {
    const broken = /\p{Ll}[-\u00ad]$/u.test(text) && /^\p{Ll}/u.test(line);
    text = broken ? text.slice(0, -1) + line : text === "" ? line : `${text} ${line}`;
  }
  return text;
}
