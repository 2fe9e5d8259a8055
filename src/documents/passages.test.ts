import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { temporaryFolder } from "../../test/temporary.ts";
import { tinyBert } from "../../test/tiny-models.ts";
import { NearfoldError } from "../errors.ts";
import { contextualText } from "./context.ts";
import type { StructuredDocument } from "./document.ts";
import { type Passage, type PassageOptions, passages } from "./passages.ts";
import { readPassages } from "./read-passages.ts";
import { documentKinds, type KindName } from "./registry.ts";
import { estimateTokens, tokenCounter } from "./token-count.ts";

async function documentOf(text: string, kind: KindName = "markdown"): Promise<StructuredDocument> {
  const content = await documentKinds[kind].read(new TextEncoder().encode(text), "a document");
  return { id: "a.md", ...content };
}
/** One word, one token. */
const countTokens = (text: string) => text.split(/\s+/).filter(Boolean).length;
const cut = async (text: string, options: PassageOptions = {}) =>
  passages(await documentOf(text), { countTokens, maxTokens: 16, overlap: 0, ...options });
const texts = (found: readonly { readonly text: string }[]) => found.map(({ text }) => text);
const words = (count: number, word = "word") => Array(count).fill(word).join(" ");

describe("where a document is cut", () => {
  test("at headings, each with what follows it", async () => {
    const found = await cut(`# A\n\n${words(6)}\n\n## B\n\n${words(6)}\n\n# C\n\n${words(6)}\n`);
    expect(texts(found).map((text) => text.match(/# ./g)?.join())).toEqual(["# A", "# B", "# C"]);
    expect(found.map(({ metadata }) => metadata.headings)).toEqual([["A"], ["A", "B"], ["C"]]);
    expect(found[1].id).toBe("a.md#1");
    expect(found[1].context).toBe("A › B");
    expect(contextualText(found[1])).toBe(`A › B\n\n${found[1].text}`);
  });

  test("a short section goes with the next, under the headings that both have", async () => {
    const found = await cut(`# A\n\n## B\n\none\n\n## C\n\n${words(6)}\n`, { maxTokens: 24 });
    expect(found).toHaveLength(1);
    expect(found[0].metadata.headings).toEqual(["A"]);
  });

  test("between paragraphs, and no heading is left behind", async () => {
    const found = await cut(`${words(8)}\n\n# Head\n\n## Below\n\n${words(14)}`);
    expect(texts(found)).toEqual([words(8), `# Head\n\n## Below`, words(14)]);
    const roomy = await cut(`${words(8)}\n\n# Head\n\n${words(12)}`);
    expect(texts(roomy)).toEqual([words(8), `# Head\n\n${words(12)}`]);
  });

  test("between sentences of a long paragraph, with what was said last", async () => {
    const sentence = (name: string) => `${name} ${words(5)} end.`;
    const text = ["One", "Two", "Three", "Four"].map(sentence).join(" ");
    expect(texts(await cut(text))).toEqual([
      `${sentence("One")} ${sentence("Two")}`,
      `${sentence("Three")} ${sentence("Four")}`,
    ]);
    const [first, second] = await cut(text, { maxTokens: 24, overlap: 7 });
    expect(first.text).toBe(`${sentence("One")} ${sentence("Two")}`);
    expect(second.text).toBe(`${sentence("Two")} ${sentence("Three")} ${sentence("Four")}`);
  });

  test("a word goes on where no sentence fits the overlap", async () => {
    const [, second] = await cut(words(30), { maxTokens: 20, overlap: 4 });
    expect(countTokens(second.text)).toBeLessThanOrEqual(20);
    expect(second.metadata.start).toBeGreaterThan(0);
  });

  test("no overlap across headings", async () => {
    const found = await cut(`# A\n\n${words(12)}\n\n# B\n\n${words(12)}`, {
      maxTokens: 20,
      overlap: 4,
    });
    expect(found[1].text.startsWith("# B")).toBe(true);
  });

  test("code by its lines, rows with the names of their columns", async () => {
    const code = `\`\`\`\n${"let a = 1;\n".repeat(6)}\`\`\``;
    for (const { text } of await cut(code))
      expect(text).toMatch(/^(```\n)?(let a = 1;\n?)+(```)?$/);
    const table = `| name | size |\n|---|---|\n${`| mill | ${words(5)} |\n`.repeat(4)}`;
    const [head, ...rows] = await cut(table);
    expect(head.context).toBe("");
    expect(rows.map(({ context }) => context)).toEqual([
      "| name | size |",
      "| name | size |",
      "| name | size |",
    ]);
  });

  test("what was left out is in no passage", async () => {
    const found = await cut(
      "before it\n\n<!-- secret -->\n\nafter it\n\n[a]: http://secret.example\n\nend",
    );
    expect(texts(found)).toEqual(["before it", "after it", "end"]);
  });

  test("text without a space", async () => {
    const found = await cut("x".repeat(5000), {
      countTokens: (text) => Math.ceil(text.length / 4),
    });
    expect(texts(found).join("")).toBe("x".repeat(5000));
    expect(found.every(({ text }) => text.length <= 64)).toBe(true);
  });

  test("the context has its room", async () => {
    const text = `# ${words(8, "head")}\n\n${words(40)}`;
    for (const passage of await cut(text, { withContext: true, maxTokens: 24 })) {
      expect(countTokens(contextualText(passage))).toBeLessThanOrEqual(24);
    }
  });

  test.each([
    [
      { maxTokens: 8 },
      /maxTokens: not a size of passages \(got 8, wanted a whole number of at least 16/,
    ],
    [{ maxTokens: 32, overlap: 17 }, /overlap: not an overlap \(got 17, wanted .* from 0 to 16/],
    [{ maxTokens: 32, overlap: 0.5 }, /not an overlap/],
  ])("%j", async (options, message) => {
    await expect(cut("a", options)).rejects.toThrow(message);
  });
});

/** Texts that look like something to each of the readers. */
const fragments = [
  ..."# ;## ;- ;1. ;> ;    ;\t;```;~~~;|a|b|\n|-|-|\n;|;\n;\n\n;\r\n;<!--;-->;<p>;</p>;<li>;<h2>;<pre>;</pre>;<table><tr><th>;<td>;<script>;</script>".split(
    ";",
  ),
  ..."<title>;<br>;&amp;;&#xd800;;[a](b);[a]: b;*;_;`;\\;---;===;word ;Sentence one. Two! ;。;漢字;é;👩‍👩‍👧;\u2028;\ufeff;a@b.c;www.x.y".split(
    ";",
  ),
];
const source = fc.array(fc.oneof(fc.constantFrom(...fragments), fc.string({ unit: "binary" })), {
  maxLength: 120,
});

describe("whatever is in a file, passages are slices of its text, in order, not empty, within the bound", async () => {
  const { tokenizer } = tinyBert();
  const counters = { estimate: estimateTokens, tokenizer: tokenCounter(tokenizer) };
  test.each(["markdown", "html", "text"] as const)("%s", async (kind) => {
    const property = fc.asyncProperty(
      source,
      fc.integer({ min: 16, max: 64 }),
      fc.constantFrom("estimate", "tokenizer"),
      async (parts, maxTokens, counter) => {
        const count = counters[counter];
        const text = parts.join("").replaceAll("\0", "").toWellFormed();
        const document = await documentOf(text, kind);
        let before = 0;
        for (const { start, end } of document.blocks) {
          expect(start).toBeGreaterThanOrEqual(before);
          expect(end).toBeGreaterThan(start);
          before = end;
        }
        expect(document.text.isWellFormed()).toBe(true);
        const found = passages(document, { countTokens: count, maxTokens });
        for (const [n, { id, text: passage, metadata }] of found.entries()) {
          expect(id).toBe(`a.md#${n}`);
          expect(passage.trim()).not.toBe("");
          expect(passage.isWellFormed()).toBe(true);
          expect(document.text.slice(metadata.start, metadata.end)).toBe(passage);
          expect(metadata.start).toBeGreaterThanOrEqual(found[n - 1]?.metadata.start ?? 0);
          expect(count(passage)).toBeLessThanOrEqual(maxTokens);
        }
        // Each character that is shown is in a passage.
        for (const { start, end } of document.blocks) {
          const shown = document.text.slice(start, end);
          const first = start + shown.length - shown.trimStart().length;
          const covers = ({ metadata }: Passage) => metadata.start <= first && first < metadata.end;
          expect(found.some(covers), shown).toBe(true);
        }
      },
    );
    await fc.assert(property, { numRuns: 300 });
  });
});

describe("a folder", async () => {
  const folder = await temporaryFolder();
  afterAll(() => folder[Symbol.asyncDispose]());
  const { mkdir, symlink, writeFile } = await import("node:fs/promises");
  const { join } = await import("node:path");
  const root = join(folder.path, "docs");
  await mkdir(join(root, "sub", ".git"), { recursive: true });
  const files = {
    "sub/b.md": "# B\n\nbee",
    "sub/.git/c.md": "hidden",
    ".env.txt": "hidden",
    "a.txt": "ay",
    "cafe\u0301.html": "<p>coffee",
    "data.jsonl": "{}",
    "bad.pdf": "no",
    "back\\slash.md": "no",
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(root, name), text);
  await writeFile(join(folder.path, "secret.md"), "outside");
  await symlink("../secret.md", join(root, "link.md"));
  await symlink("..", join(root, "round"));

  test("is read by name, with all folders in it; what is not read is told", async () => {
    const skipped: unknown[] = [];
    const bad: string[] = [];
    const progress: number[] = [];
    const found = await Array.fromAsync(
      readPassages(root, {
        onSkip: (file) => skipped.push(file),
        onBad: (error) => bad.push(error.code),
        onProgress: ({ documents, total }) => progress.push(documents, total),
      }),
    );
    expect(found.map(({ id, text }) => [id, text])).toEqual([
      ["a.txt#0", "ay"],
      ["café.html#0", "coffee"],
      ["sub/b.md#0", "# B\n\nbee"],
    ]);
    expect(found[2].metadata).toEqual({
      source: "sub/b.md",
      title: "B",
      headings: ["B"],
      start: 0,
      end: 8,
    });
    expect(skipped).toEqual([
      { id: ".env.txt", reason: "hidden" },
      { id: "back\\slash.md", reason: "name" },
      { id: "data.jsonl", reason: "kind" },
      { id: "link.md", reason: "link" },
      { id: "round", reason: "link" },
      { id: "sub/.git", reason: "hidden" },
    ]);
    expect(bad).toEqual(["bad-input"]);
    expect(progress).toEqual([1, 4, 2, 4, 3, 4, 4, 4]);
  });

  test("the first bad document is thrown where nobody asks for it", async () => {
    const reading = Array.fromAsync(readPassages(root));
    await expect(reading).rejects.toThrow(/bad\.pdf: not a PDF/);
  });

  test("a file alone; one that is not there", async () => {
    const [only] = await Array.fromAsync(readPassages(join(root, "a.txt")));
    expect(only.id).toBe("a.txt#0");
    const missing = Array.fromAsync(readPassages(join(root, "none.md")));
    await expect(missing).rejects.toBeInstanceOf(NearfoldError);
    await expect(missing).rejects.toMatchObject({ code: "not-found" });
  });
});
