/** Files made to take a parser's time: twice the size takes twice as long, not four times. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { pdfFile } from "../../test/pdf-file.ts";
import { NearfoldError } from "../errors.ts";
import { passages } from "./passages.ts";
import { ReaderThread } from "./reader-thread.ts";
import { documentKinds, type KindName } from "./registry.ts";

const UNITS = 400_000;
/** Seconds here are milliseconds alone on a machine; what grows with the square takes minutes. */
const MOST_MS = 25_000;

const repeated = (part: string) => part.repeat(UNITS / part.length);
const bombs: [KindName, string, string][] = [
  ["markdown", "links that never close", repeated("[a](")],
  ["markdown", "brackets", repeated("[")],
  ["markdown", "stars", repeated("*a _b ")],
  ["markdown", "backticks", Array.from({ length: 890 }, (_, i) => "`".repeat(i + 1)).join(" ")],
  ["markdown", "quotes in quotes", repeated("> ")],
  ["markdown", "lists in lists, on a line", `${repeated("- ")}a`],
  ["markdown", "lists in lists, on every line", repeated(`${"- ".repeat(15)}a\n`)],
  [
    "markdown",
    "lists in lists, line by line",
    Array.from({ length: 620 }, (_, i) => `${" ".repeat(2 * i)}- a`).join("\n"),
  ],
  ["markdown", "many rows", `|a|b|\n|-|-|\n${repeated("|1|2|\n")}`],
  ["markdown", "a wide row", `${repeated("|a")}\n${repeated("|-")}`],
  ["markdown", "footnotes", repeated("[^a]: b\n")],
  ["markdown", "definitions", repeated("[a]: b\n[a]\n\n")],
  ["markdown", "a line without end", repeated("word ")],
  ["markdown", "fences", repeated("```\n")],
  ["markdown", "front matter without end", `---\n${repeated("a: b\n")}`],
  ["html", "open tags that nothing closes", repeated("<b><p>")],
  ["html", "closing tags of nothing", `${"<div>".repeat(1990)}${repeated("</x>")}`],
  ["html", "attributes", `<a ${repeated("b=c ")}>`],
  ["html", "spaces", `<p>${repeated(" ")}\n${repeated(" \n")}`],
  ["html", "entities", repeated("&amp")],
  ["html", "charsets", repeated("<meta charset ")],
  ["text", "no space", repeated("x")],
  ["text", "spaces", repeated("\t ")],
  ["text", "empty lines", repeated("\n")],
  ["text", "a sentence a letter", repeated("a. ")],
];

test.each(bombs)("%s: %s", { timeout: 60_000 }, async (kind, _, source) => {
  const began = performance.now();
  try {
    const content = await documentKinds[kind].read(new TextEncoder().encode(source), "a bomb");
    passages({ id: "a", ...content });
  } catch (error) {
    expect(error).toMatchObject({ code: "too-large" });
  }
  expect(performance.now() - began).toBeLessThan(MOST_MS);
});

test("a damaged PDF is read, or is one clear error", { timeout: 60_000 }, async () => {
  await using thread = new ReaderThread();
  const limits = { timeoutMs: 20_000, maxHeapMb: 512 };
  const lines = [{ text: "Some words (of it)", size: 12, y: 700 }];
  const whole = pdfFile([lines, lines], { title: "It" });
  const damage = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255), fc.nat(3)), {
    minLength: 1,
    maxLength: 12,
  });
  const property = fc.asyncProperty(damage, async (changes) => {
    let bytes = [...whole];
    for (const [at, byte, how] of changes) {
      if (how === 0) bytes = bytes.slice(0, at);
      else if (how === 1) bytes.splice(at, byte);
      else bytes[at] = byte;
    }
    try {
      const request = { kind: "pdf", bytes: Uint8Array.from(bytes), at: "a.pdf" } as const;
      const { text, blocks } = await thread.read(request, limits);
      expect(text.isWellFormed()).toBe(true);
      for (const { start, end } of blocks) expect(text.slice(start, end)).not.toBe("");
    } catch (error) {
      expect(error).toBeInstanceOf(NearfoldError);
      expect((error as NearfoldError).message).not.toMatch(/its reader/);
    }
  });
  await fc.assert(property, { numRuns: 200 });
});

test("bytes that are anything", async () => {
  const kinds = fc.constantFrom(...(Object.keys(documentKinds) as KindName[]));
  const property = fc.asyncProperty(
    kinds,
    fc.uint8Array({ maxLength: 200 }),
    async (kind, bytes) => {
      try {
        await documentKinds[kind].read(bytes, "a file");
      } catch (error) {
        expect(error).toBeInstanceOf(NearfoldError);
      }
    },
  );
  await fc.assert(property, { numRuns: 500 });
});
