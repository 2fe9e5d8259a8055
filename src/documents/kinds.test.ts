import { afterAll, describe, expect, test } from "vitest";
import { pdfFile } from "../../test/pdf-file.ts";
import { temporaryFolder } from "../../test/temporary.ts";
import type { Block, Content } from "./document.ts";
import { readDocument } from "./read-document.ts";
import { ReaderThread } from "./reader-thread.ts";
import { documentKinds, isDocumentPath, type KindName } from "./registry.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const read = (kind: KindName, text: string | Uint8Array) =>
  documentKinds[kind].read(typeof text === "string" ? bytes(text) : text, `a ${kind}`);
/** "kind: text" with headings before it. */
const shown = ({ text, blocks }: Content) =>
  blocks.map((block: Block) => {
    const path = block.headings.length > 0 ? `[${block.headings.join(" > ")}] ` : "";
    return `${path}${block.kind}: ${text.slice(block.start, block.end)}`;
  });

describe("Markdown", () => {
  test("headings, paragraphs, items, code and rows, in the file's own characters", async () => {
    const source = [
      ...["---", 'title: "A manual"', "---", "# The *mill* [x](y)", "", "Grind\r", "it.", ""],
      ...[
        "<!-- nothing",
        "",
        "# no heading -->",
        "",
        "- one",
        "  more",
        "  - two",
        "",
        "    three",
        "1. four",
        "",
      ],
      ...[
        "Parts",
        "=====",
        "",
        "> quoted",
        "",
        "| a | b |",
        "|---|---|",
        "| 1 | 2 |",
        "",
        "```sh",
        "# run",
        "```",
      ],
    ].join("\n");
    const content = await read("markdown", source);
    expect(content.title).toBe("A manual");
    expect(content.text).toBe(source);
    expect(shown(content)).toEqual([
      "[The mill x] heading: # The *mill* [x](y)",
      "[The mill x] paragraph: Grind\r\nit.",
      "[The mill x] item: - one\n  more",
      "[The mill x] item: - two",
      "[The mill x] paragraph: three",
      "[The mill x] item: 1. four",
      "[Parts] heading: Parts\n=====",
      "[Parts] paragraph: quoted",
      "[Parts] row: | a | b |",
      "[Parts] row: | 1 | 2 |",
      "[Parts] code: ```sh\n# run\n```",
    ]);
    expect(content.blocks.map(({ header }) => header).filter(Boolean)).toEqual(["| a | b |"]);
  });

  test("a long one is parsed in parts, cut where it reads the same", async () => {
    const section =
      "## Part\n\nSome words of it.\n\n```\n# no heading\n\nNor this\n```\n\n- an item\n\n";
    const { blocks } = await read("markdown", section.repeat(2000));
    expect(blocks).toHaveLength(8000);
    expect(new Set(blocks.map(({ headings }) => headings.join()))).toEqual(new Set(["Part"]));
  });
});

describe("HTML", () => {
  test("what a browser shows, in blocks", async () => {
    const source =
      "<!doctype html><html><head><title>A &amp; B</title><style>p{}</style></head><body>" +
      "<script>alert('</p>')</script><h1>One <b>two</b></h1><p>Some\n  text<br>more</p>" +
      "<ul><li><p>first</p><li>second<ul><li>inner</ul></ul><h2>Deep</h2><pre>\n a\n   b</pre>" +
      "<table><tr><th>x<th>y<tr><td>1<td>2</table><noscript>no</noscript>rest &lt;i&gt;";
    const content = await read("html", source);
    expect(content.title).toBe("A & B");
    expect(shown(content)).toEqual([
      "[One two] heading: One two",
      "[One two] paragraph: Some text\nmore",
      "[One two] item: first",
      "[One two] item: second",
      "[One two] item: inner",
      "[One two > Deep] heading: Deep",
      "[One two > Deep] code:  a\n   b",
      "[One two > Deep] row: x | y",
      "[One two > Deep] row: 1 | 2",
      "[One two > Deep] paragraph: rest <i>",
    ]);
    expect(content.blocks[8].header).toBe("x | y");
  });

  test("in the encoding that it says", async () => {
    const page = Buffer.from('<meta charset="windows-1252"><p>caf\xe9', "latin1");
    expect((await read("html", page)).text).toBe("café");
    expect((await read("html", '<meta charset="utf-16"><p>café')).text).toBe("café");
    expect((await read("html", '<meta charset="no-such-thing"><p>café')).text).toBe("café");
  });
});

test("plain text: paragraphs between empty lines", async () => {
  const content = await read("text", "\ufeffone\ntwo \n \n\n  three");
  expect(shown(content)).toEqual(["paragraph: one\ntwo", "paragraph: three"]);
});

test("plain text in UTF-16, by its mark", async () => {
  const { text } = await read("text", Buffer.from("\ufeffein Wörtchen", "utf16le"));
  expect(text).toBe("ein Wörtchen");
});

describe("PDF", () => {
  const line = (text: string, y: number, size = 10) => ({ text, y, size });
  const manual = pdfFile(
    [
      [
        line("The mill", 700, 20),
        line("It grinds coffee and pep-", 660),
        line("per. It is (heavy).", 648),
      ],
      [
        line("Care", 700, 14),
        line("Wipe it with a damp cloth, again and again.", 680),
        line("2", 20),
      ],
    ],
    { title: "A manual" },
  );

  test("paragraphs and headings by where letters stand, with pages", async () => {
    const content = await read("pdf", manual);
    expect(content.title).toBe("A manual");
    expect(shown(content)).toEqual([
      "[The mill] heading: The mill",
      "[The mill] paragraph: It grinds coffee and pepper. It is (heavy).",
      "[The mill > Care] heading: Care",
      "[The mill > Care] paragraph: Wipe it with a damp cloth, again and again.",
    ]);
    expect(content.blocks.map(({ page }) => page)).toEqual([1, 1, 2, 2]);
  });

  test.each([
    ["no PDF at all", bytes("<html>"), "bad-input", /not a PDF/],
    ["one that is cut off at once", bytes("%PDF-1.7\n"), "bad-input", /not a readable PDF/],
    ["one of noise", bytes(`%PDF-1.7\n${"x".repeat(5000)}`), "bad-input", /not a readable PDF/],
  ])("%s", async (_, file, code, message) => {
    const error = await Promise.resolve(read("pdf", file)).catch((found: unknown) => found);
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
  });

  test("an encrypted one", async () => {
    const key = "a".repeat(32);
    const file = pdfFile([[line("secret", 700)]], {
      objects: [`<< /Filter /Standard /V 1 /R 2 /P -4 /O (${key}) /U (${key}) >>`],
      trailer: `/Encrypt 6 0 R /ID [<00> <00>]`,
    });
    const message = expect.stringMatching(/the PDF is encrypted/);
    await expect(read("pdf", file)).rejects.toMatchObject({ code: "unsupported", message });
  });

  test("its programs are not run, and nothing is fetched", async () => {
    const script = "/S /JavaScript /JS (globalThis.ran = true)";
    const file = pdfFile([[line("words of a page", 700)]], {
      catalog: `/OpenAction << ${script} >> /AA << /WC << ${script} >> >>`,
      objects: ["<< /Type /Filespec /FS /URL /F (http://127.0.0.1:1/x) >>"],
    });
    const before = globalThis.fetch;
    let fetched = 0;
    globalThis.fetch = () => Promise.reject(new Error(`${++fetched}`));
    const evaluated: unknown[] = [];
    const plain = globalThis.Function;
    globalThis.Function = new Proxy(plain, {
      construct: (_, parts) => {
        evaluated.push(parts);
        return () => {};
      },
    });
    try {
      expect((await read("pdf", file)).text).toBe("words of a page");
    } finally {
      [globalThis.fetch, globalThis.Function] = [before, plain];
    }
    expect([fetched, evaluated, "ran" in globalThis]).toEqual([0, [], false]);
  });
});

test("kinds by the end of the name", () => {
  const names = ["a.md", "b/C.HTML", "d.txt", "e.pdf", "f.jsonl", "g.csv", "md", ".md"];
  expect(names.filter(isDocumentPath)).toEqual(["a.md", "b/C.HTML", "d.txt", "e.pdf"]);
});

describe("bad files end in one clear error", async () => {
  const folder = await temporaryFolder();
  afterAll(() => folder[Symbol.asyncDispose]());

  const files: [string, string, string | Uint8Array, string, RegExp][] = [
    ["not UTF-8", "a.md", Uint8Array.of(0x61, 0xff), "bad-input", /a\.md: not UTF-8/],
    ["no text", "a.txt", "a\0b", "bad-input", /not a text \(got a NUL at character 1/],
    ["nested a million times", "a.html", "<div>".repeat(1e6), "too-large", /nested too deeply/],
    ["another kind", "a.docx", "PK", "unsupported", /wanted \.md, .*\.pdf/],
  ];
  test.each(files)("%s", async (_, name, content, code, message) => {
    const path = await folder.write(name, content);
    const error = await readDocument(path).catch((found: unknown) => found);
    expect(error).toMatchObject({ code });
    expect((error as Error).message).toMatch(message);
  });

  test("too large: before it is read, with the bound", async () => {
    const path = await folder.write("large.txt", "words ".repeat(1000));
    await expect(readDocument(path, { maxBytes: 5999 })).rejects.toThrow(
      /large\.txt: the document is too large \(got 6000 bytes, wanted at most 5999\)\. Allow more/,
    );
    expect((await readDocument(path, { maxBytes: 6000 })).text).toHaveLength(6000);
  });

  test("too slow, too much memory: the thread is ended, and the next document read by another", async () => {
    await using thread = new ReaderThread();
    const heavy = await folder.write("heavy.md", "a [b](c) *d* | e\n- f\n\n".repeat(200_000));
    const light = await folder.write("light.md", "# Well\n");
    const tried = (options: object) => readDocument(heavy, { thread, ...options });
    await expect(tried({ timeoutMs: 200 })).rejects.toThrow(
      /takes too long \(wanted at most 0\.2 s/,
    );
    await expect(tried({ maxHeapMb: 24 })).rejects.toThrow(
      /too much memory \(wanted at most 24 MiB/,
    );
    expect((await readDocument(light, { thread })).title).toBe("Well");
  });

  test("stopped", async () => {
    const path = await folder.write("b.md", "a [b](c) *d*\n\n".repeat(100_000));
    const reading = readDocument(path, { signal: AbortSignal.timeout(100) });
    await expect(reading).rejects.toMatchObject({ code: "aborted" });
  });
});
