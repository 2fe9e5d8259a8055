/** Where a Markdown file may be cut so that each part reads as it does in the whole. */

/** UTF-16 units after which a part ends at the next place that allows it. The parser's time grows with the square of its input. */
const LEAST = 16 * 2 ** 10;
/** A longer part without such a place is not parsed. */
const MOST = 64 * 2 ** 10;
/** Quotes and lists opened by one line: each costs as much as all before it. */
const DEEPEST = 16;

export interface MarkdownPart {
  readonly start: number;
  readonly end: number;
  /** Whether it may be parsed; what may not be is read as paragraphs. */
  readonly plain: boolean;
}

/** Parts end before a heading or, where an empty line comes first, before a line that starts a paragraph; never inside a fence or a comment. */
export function* markdownParts(text: string, from = 0): Generator<MarkdownPart> {
  let start = from;
  let deep = false;
  const open: Open = { fence: undefined, comment: false };
  let blank = false;
  for (let line = from; line < text.length; ) {
    const newline = text.indexOf("\n", line);
    const next = newline < 0 ? text.length : newline + 1;
    const shown = text.slice(line, Math.min(next, line + 512));
    const outside = open.fence === undefined && !open.comment;
    if (line - start >= LEAST && outside && beginsPart(shown, blank)) {
      yield { start, end: line, plain: deep || line - start > MOST };
      [start, deep] = [line, false];
    }
    deep ||= tooDeep(shown);
    follow(open, shown, text, line, next);
    blank = shown.trim() === "";
    line = next;
  }
  if (start < text.length) {
    yield { start, end: text.length, plain: deep || text.length - start > MOST };
  }
}

interface Open {
  /** What closes the fence that is open. */
  fence: string | undefined;
  comment: boolean;
}

function beginsPart(line: string, blank: boolean): boolean {
  return /^#{1,6}[ \t]/.test(line) || (blank && /^[\p{L}"'(]/u.test(line));
}

/** Fences of any indentation count: in a list they stand as deep as its text. */
function follow(open: Open, shown: string, text: string, line: number, next: number): void {
  if (open.comment) {
    open.comment = !text.slice(line, next).includes("-->");
    return;
  }
  const fence = /^[ \t]*(?:(?:[-*+>]|\d{1,9}[.)])[ \t]+){0,8}(`{3,}|~{3,})/.exec(shown)?.[1];
  if (open.fence !== undefined) {
    const closes = fence?.startsWith(open.fence) && shown.trim().replace(fence, "") === "";
    if (closes) open.fence = undefined;
  } else if (fence !== undefined) {
    open.fence = fence;
  } else {
    const opened = shown.trimStart().startsWith("<!--");
    open.comment = opened && !text.slice(line, next).includes("-->");
  }
}

function tooDeep(line: string): boolean {
  let depth = 0;
  const marker = /[ \t]*(?:[-*+>]|\d{1,9}[.)])(?=[ \t>]|$)/y;
  while (depth <= DEEPEST && marker.test(line)) depth++;
  // A line of nothing but marks is a rule.
  return depth > DEEPEST && !/^[-*_ \t\r\n]*$/.test(line);
}
