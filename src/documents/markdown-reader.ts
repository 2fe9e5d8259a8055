import type { Nodes, Parents } from "mdast";
import { fromMarkdown } from "mdast-util-from-markdown";
import { gfmFromMarkdown } from "mdast-util-gfm";
import { gfm } from "micromark-extension-gfm";
import { decodeText } from "./decode.ts";
import type { Block, Content } from "./document.ts";
import { markdownParts } from "./markdown-parts.ts";
import { paragraphs } from "./paragraphs.ts";
import { Sections } from "./sections.ts";

export function readMarkdown(bytes: Uint8Array, at: string): Content {
  const text = decodeText(bytes, at);
  const front =
    /^---[ \t]*\r?\n(?:[^\n]{0,4000}\n){0,400}?---[ \t]*(?:\r?\n|$)/.exec(text)?.[0] ?? "";
  const sections = new Sections();
  for (const { start, end, plain } of markdownParts(text, front.length)) {
    if (plain) for (const place of paragraphs(text, start, end)) sections.add("paragraph", place);
    else readPart(text.slice(start, end), start, sections);
  }
  const named = /^title:[ \t]*(?<title>[^\n]{1,1000})$/m.exec(front)?.groups?.title.trim();
  // CommonMark knows fewer kinds of white space.
  const isFilled = ({ start, end }: Block) => text.slice(start, end).trim() !== "";
  const title = named?.replace(/^(["'])(.*)\1$/, "$2") || sections.title;
  return { ...(title !== undefined && { title }), text, blocks: sections.blocks.filter(isFilled) };
}

/** What stands within a line is not told apart: blocks are enough, and it is what costs the parser its time. */
const WITHIN_LINES = [
  ..."attention autolink characterEscape characterReference codeText hardBreakEscape htmlText".split(
    " ",
  ),
  ..."labelEnd labelStartImage labelStartLink strikethrough tasklistCheck".split(" "),
  ..."wwwAutolink protocolAutolink emailAutolink gfmFootnoteCall gfmPotentialFootnoteCall".split(
    " ",
  ),
];
const blocksOnly = {
  extensions: [gfm(), { disable: { null: WITHIN_LINES } }],
  mdastExtensions: [gfmFromMarkdown()],
};
const whole = { extensions: [gfm()], mdastExtensions: [gfmFromMarkdown()] };

/** Adds the blocks of a part that begins `base` units into the text. */
function readPart(part: string, base: number, sections: Sections): void {
  const waiting: Nodes[] = [fromMarkdown(part, blocksOnly)];
  for (let node = waiting.pop(); node; node = waiting.pop()) {
    const place = placeOf(node, base);
    if (node.type === "heading") {
      sections.heading(
        headingText(part.slice(place.start - base, place.end - base)),
        node.depth,
        place,
      );
    } else if (node.type === "paragraph") sections.add("paragraph", place);
    else if (node.type === "code") sections.add("code", place);
    else if (node.type === "html") {
      if (isSeen(node.value)) sections.add("paragraph", place);
    } else if (node.type === "tableRow") sections.add("row", place);
    else if (node.type === "table") addTable(node.children, part, base, sections);
    else if (node.type === "listItem")
      waiting.push(...itemParts(node, place.start, base, sections));
    else if ("children" in node) waiting.push(...(node as Parents).children.toReversed());
  }
}

/** An item's first paragraph with its mark is a block; what follows it waits. */
function itemParts(
  { children }: Nodes & { readonly type: "listItem" },
  start: number,
  base: number,
  sections: Sections,
): readonly Nodes[] {
  const [first, ...rest] = children;
  if (first?.type !== "paragraph") return children.toReversed();
  sections.add("item", { start, end: placeOf(first, base).end });
  return rest.toReversed();
}

function addTable(rows: readonly Nodes[], part: string, base: number, sections: Sections): void {
  let header: string | undefined;
  for (const row of rows) {
    const place = placeOf(row, base);
    sections.add("row", { ...place, ...(header !== undefined && { header }) });
    header ??= part.slice(place.start - base, place.end - base).slice(0, 1000);
  }
}

function placeOf({ position }: Nodes, base: number): Pick<Block, "start" | "end"> {
  return { start: base + position!.start.offset!, end: base + position!.end.offset! };
}

/** A heading as a reader sees it: without marks, links as their texts. */
function headingText(source: string): string {
  const parts: string[] = [];
  const waiting: Nodes[] = [fromMarkdown(source.slice(0, 1000), whole)];
  for (let node = waiting.pop(); node; node = waiting.pop()) {
    if (node.type === "text" || node.type === "inlineCode") parts.push(node.value);
    else if (node.type === "image") parts.push(node.alt ?? "");
    else if ("children" in node) waiting.push(...(node as Parents).children.toReversed());
  }
  return parts.join("");
}

/** Whether there is more to it than tags, comments, styles and scripts. */
function isSeen(html: string): boolean {
  if (/^\s*<(?:!--|script|style|\?|!)/i.test(html)) return false;
  return /[\p{L}\p{N}]/u.test(html.replaceAll(/<[^<>]*>/g, ""));
}
