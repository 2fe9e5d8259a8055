/** Which headings a block stands under, while a document is read from its beginning to its end. */
import type { Block, BlockKind } from "./document.ts";

/** Longer headings are cut: they are repeated with each passage. */
const LONGEST = 200;

export class Sections {
  readonly #open: { readonly depth: number; readonly heading: string }[] = [];
  #headings: readonly string[] = [];
  /** The first of the outermost, which names a document that has no other title. */
  title: string | undefined;
  readonly blocks: Block[] = [];

  /** A heading closes those of its depth and deeper ones. @param depth 1 for the outermost */
  heading(text: string, depth: number, place: Omit<Block, "kind" | "headings">): void {
    const heading = text.replaceAll(/\s+/g, " ").trim().slice(0, LONGEST).toWellFormed();
    while ((this.#open.at(-1)?.depth ?? 0) >= depth) this.#open.pop();
    if (heading !== "") this.#open.push({ depth, heading });
    this.#headings = this.#open.map((one) => one.heading);
    if (depth === 1 && heading !== "") this.title ??= heading;
    this.add("heading", place);
  }

  add(kind: BlockKind, place: Omit<Block, "kind" | "headings">): void {
    this.blocks.push({ kind, headings: this.#headings, ...place });
  }
}
