import { Parser } from "htmlparser2";
import { NearfoldError } from "../errors.ts";
import { decodeText } from "./decode.ts";
import type { BlockKind, Content } from "./document.ts";
import { Sections } from "./sections.ts";

/** Elements within each other; browsers flatten what is deeper than 512. What a stranger nests deeper is an attack, and costs a parser its square. */
const DEEPEST = 2000;

/** Elements whose inside nobody reads. */
const UNSEEN = new Set(
  "script style template noscript svg math iframe object canvas audio video select".split(" "),
);

/** Elements that begin and end a block. */
const BLOCKS = new Set(
  (
    "address article aside blockquote body caption dd details dialog div dl dt fieldset figcaption figure footer form " +
    "h1 h2 h3 h4 h5 h6 head header hr html li main nav ol p pre section summary table tbody tfoot thead title tr ul"
  ).split(" "),
);

export function readHtml(bytes: Uint8Array, at: string): Content {
  const source = decodeText(bytes, at, encodingOf(bytes));
  const reading = new Reading(at);
  const parser = new Parser(
    {
      onopentag: (name) => reading.open(name),
      onclosetag: (name) => reading.close(name),
      ontext: (text) => reading.say(text),
    },
    { decodeEntities: true, recognizeSelfClosing: true },
  );
  parser.write(source);
  parser.end();
  return reading.finish();
}

/** The document so far, and the block that is being read. */
class Reading {
  readonly #at: string;
  readonly #sections = new Sections();
  readonly #done: string[] = [];
  #length = 0;
  #held: string[] = [];
  #depth = 0;
  /** Open elements whose inside is not shown. */
  #unseen = 0;
  #pre = 0;
  #title: string | undefined;
  #header: string | undefined;
  #headerRow = false;
  /** What the block is that is being read. */
  #kind: BlockKind = "paragraph";

  constructor(at: string) {
    this.#at = at;
  }

  open(name: string): void {
    this.#depth++;
    if (this.#depth > DEEPEST) {
      const [got, wanted] = [`more than ${DEEPEST} elements within each other`, "fewer"];
      throw new NearfoldError("too-large", "nested too deeply", { at: this.#at, got, wanted });
    }
    if (UNSEEN.has(name)) this.#unseen++;
    if (name === "br") this.#held.push("\n");
    if (name === "td" || name === "th") {
      if (name === "th") this.#headerRow = true;
      if (this.#held.some((part) => part.trim() !== "")) this.#held.push(" | ");
    }
    if (BLOCKS.has(name)) {
      this.#flush();
      if (name === "pre") this.#pre++;
      if (name === "table") this.#header = undefined;
      if (name === "tr") this.#headerRow = false;
      if (name === "li") this.#kind = "item";
      if (name === "tr") this.#kind = "row";
      if (name === "pre") this.#kind = "code";
    }
  }

  say(text: string): void {
    if (this.#unseen > 0) return;
    this.#held.push(this.#pre > 0 ? text : text.replaceAll(/[ \t\r\n\f]+/g, " "));
  }

  close(name: string): void {
    this.#depth--;
    if (UNSEEN.has(name)) this.#unseen = Math.max(0, this.#unseen - 1);
    if (!BLOCKS.has(name)) return;
    if (name === "title") this.#named(this.#take());
    else this.#flush(/^h[1-6]$/.test(name) ? Number(name[1]) : undefined);
    this.#kind = "paragraph";
    if (name === "pre") this.#pre = Math.max(0, this.#pre - 1);
    if (name === "table") this.#header = undefined;
  }

  #named(title: string): void {
    if (title !== "") this.#title ??= title.slice(0, 1000);
  }

  finish(): Content {
    this.#flush();
    const title = this.#title ?? this.#sections.title;
    const text = this.#done.join("\n\n");
    return { ...(title !== undefined && { title }), text, blocks: this.#sections.blocks };
  }

  /** What was read since the block began. */
  #take(): string {
    const read = this.#held.join("").toWellFormed().replaceAll("\0", "\ufffd");
    this.#held = [];
    if (this.#pre > 0) return read.replaceAll("\r\n", "\n").replace(/^\n+/, "").trimEnd();
    // One space at most first: then no run is looked at twice.
    return read
      .replaceAll(/ {2,}/g, " ")
      .replaceAll(/ ?\n ?/g, "\n")
      .trim();
  }

  #addRow(text: string, place: { readonly start: number; readonly end: number }): void {
    const header = this.#headerRow ? undefined : this.#header;
    this.#sections.add("row", { ...place, ...(header !== undefined && { header }) });
    if (this.#headerRow) this.#header ??= text.slice(0, 1000);
  }

  /** Ends a block. @param heading its depth, where it is one */
  #flush(heading?: number): void {
    const [kind, text] = [this.#kind, this.#take()];
    if (text.trim() === "") return;
    this.#kind = "paragraph";
    if (this.#done.length > 0) this.#length += 2;
    const place = { start: this.#length, end: this.#length + text.length };
    this.#length = place.end;
    this.#done.push(text);
    if (heading !== undefined) this.#sections.heading(text, heading, place);
    else if (kind === "row") this.#addRow(text, place);
    else this.#sections.add(kind, place);
  }
}

/** What the file itself says, near its beginning. */
function encodingOf(bytes: Uint8Array): string | undefined {
  const start = new TextDecoder("latin1").decode(bytes.subarray(0, 2048));
  const label = /<meta[^>]{0,200}charset\s{0,9}=\s{0,9}["']?\s{0,9}([\w-]{1,40})/i.exec(start)?.[1];
  if (label === undefined) return undefined;
  try {
    // A page that can be read so far is not in UTF-16, whatever it says (HTML Living Standard, 13.2.3.2).
    const { encoding } = new TextDecoder(label);
    return encoding.startsWith("utf-16") ? "utf-8" : encoding;
  } catch {
    return undefined;
  }
}
