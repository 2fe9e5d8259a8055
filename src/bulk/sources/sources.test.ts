import { mkdir, readFile, symlink, truncate, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { brotliCompressSync, gzipSync, zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import { parquetWriteBuffer } from "hyparquet-writer";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../../../test/temporary.ts";
import { NearfoldError } from "../../errors.ts";
import type { Source, SourceOptions } from "../source.ts";
import { parquetRows } from "./parquet.ts";
import { openInput, sources } from "./registry.ts";

/** Rows as short texts: `id: text`, or the message of the error without the folder. */
async function rowsOf(path: string, options?: SourceOptions, source?: Source): Promise<string[]> {
  const read = source ?? (await openInput(path)).read;
  const short = (text: string) => text.replaceAll(`${dirname(path)}/`, "");
  return await Array.fromAsync(read(path, options), (row) =>
    "error" in row ? short(row.error.message) : `${row.document.id}: ${row.document.text}`,
  );
}

async function ofFile(name: string, content: string | Uint8Array, options?: SourceOptions) {
  await using folder = await temporaryFolder();
  return await rowsOf(await folder.write(name, content), options);
}

const parquetOf = (columns: Parameters<typeof parquetWriteBuffer>[0]["columnData"], more = {}) =>
  new Uint8Array(parquetWriteBuffer({ columnData: columns, ...more }));

describe("rows of", () => {
  it.each<[string, string, string | Uint8Array, string[], SourceOptions?]>([
    [
      "JSON lines",
      "a.jsonl",
      '{"id": "x", "title": "One", "text": "two"}\n\n{"text": ""}\n{"_id": 7, "text": "é"}',
      ["x: One two", "3: ", "7: é"],
    ],
    [
      "JSON lines that are none",
      "a.jsonl",
      '{"text": 5}\nno\n{"text": "\\ud800"}\n{"id": [], "text": "a"}\n["a"]\n{"text": "b"}',
      [
        'a.jsonl:1: "text" is not a text (got 5, wanted a string)',
        'a.jsonl:2: not JSON (got "no", wanted one JSON value a line)',
        "a.jsonl:3: the text is not Unicode (got half a surrogate pair)",
        'a.jsonl:4: "id" is not a text (got a list of 0, wanted a string)',
        'a.jsonl:5: not an object (got a list of 1, wanted {"id", "text"})',
        "6: b",
      ],
    ],
    [
      "JSON lines whose fields have other names",
      "a.jsonl",
      '{"key": 1, "body": "a", "text": "not this"}\n{"body": "b"}',
      ["1: a", 'a.jsonl:2: "key" is not a text (got undefined, wanted a string)'],
      { text: "body", id: "key" },
    ],
    [
      "JSON lines not UTF-8",
      "a.jsonl",
      Buffer.from('{"text": "\xe9"}', "latin1"),
      ['a.jsonl:1: not UTF-8 (got "{\\"text\\": \\"é\\"}")'],
    ],
    ["a text a line", "a.txt", "one\r\n\ntwo\n", ["1: one", "3: two"]],
    [
      "CSV: quotes, commas, line ends, a byte order mark",
      "a.csv",
      '\ufeffid,title,text\r\n1,,plain\r\n2,"A ""b""","c, d\ne\n\nf"\r\n\r\n3, T , t \n',
      ["1: plain", '2: A "b" c, d\ne\n\nf', "3: T   t"],
    ],
    [
      "CSV: records that are none",
      "a.csv",
      'id,text\n1,a,b\n2\n3,"a" b\n4,5" wide\n5,x"y"z\n6,"open',
      [
        "a.csv:2: another number of columns than the first line (got 3, wanted 2)",
        "a.csv:3: another number of columns than the first line (got 1, wanted 2)",
        '3: "a" b',
        'a.csv:5: not a record of CSV (got "4,5\\" wide\\n5,x\\"y\\"z\\n6,\\"open", wanted cells with commas between them, quotes closed and doubled)',
      ],
    ],
    [
      "CSV: a quote that stays open",
      "a.csv",
      'text\na\n"b\nc',
      ["2: a", 'a.csv:3: a quote is not closed (got "\\"b")'],
    ],
    ["CSV with a column named", "a.csv", "n,body\nx,one", ["x: one"], { text: "body", id: "n" }],
    [
      "TSV: quotes are characters",
      "a.tsv",
      'id\ttext\nq1\tsay "hi\nq2\t\n',
      ['q1: say "hi', "q2: "],
    ],
    [
      "Parquet",
      "a.parquet",
      parquetOf([
        { name: "id", data: [5n, 6n, 2n ** 60n], type: "INT64" },
        { name: "other", data: [1, 2, 3], type: "INT32" },
        { name: "text", data: ["one", null, "três"], type: "STRING" },
      ]),
      [
        "5: one",
        'a.parquet, row 2: "text" is not a text (got null, wanted a string)',
        "1152921504606846976: três",
      ],
    ],
    [
      "Parquet of several row groups, without ids",
      "a.parquet",
      parquetOf([{ name: "body", data: ["a", "b", "c"], type: "STRING" }], { rowGroupSize: 2 }),
      ["1: a", "2: b", "3: c"],
      { text: "body" },
    ],
  ])("%s", async (_, name, content, rows, options) => {
    expect(await ofFile(name, content, options)).toEqual(rows);
  });

  it("a folder, by name, without what is hidden or linked", async () => {
    await using folder = await temporaryFolder();
    await mkdir(join(folder.path, "sub", ".git"), { recursive: true });
    for (const [name, text] of Object.entries({
      "b.md": "# Bee\n",
      "a.txt": "\ufeffay",
      "c.pdf": "%",
      "sub/z.txt": "zed",
      "sub/.git/x.txt": "hidden",
      "bad.txt": Buffer.from([0xff]),
    })) {
      await writeFile(join(folder.path, name), text);
    }
    await symlink(join(folder.path, "a.txt"), join(folder.path, "link.txt"));
    await writeFile(join(folder.path, "large.txt"), "");
    await truncate(join(folder.path, "large.txt"), 5e6);
    const rows = (await rowsOf(folder.path)).map((row) => row.replace(/^.*\//, ""));
    expect(rows).toEqual([
      "a.txt: ay",
      "b.md: # Bee",
      expect.stringMatching(/bad.txt: not UTF-8$/),
      expect.stringContaining("large.txt: the file is too long (got 5000000 bytes"),
      "z.txt: zed",
    ]);
    expect((await rowsOf(folder.path)).at(-1)).toBe("sub/z.txt: zed");
  });

  it.each([
    ["GZIP", gzipSync],
    ["BROTLI", brotliCompressSync],
    ["ZSTD", zstdCompressSync],
    ["SNAPPY", undefined],
  ] as const)("Parquet compressed by %s", async (codec, pack) => {
    const data = Array.from({ length: 50 }, (_, i) => `text ${i % 7}`);
    const compressors = pack && { [codec]: (bytes: Uint8Array) => new Uint8Array(pack(bytes)) };
    const content = parquetOf([{ name: "text", data, type: "STRING", encoding: "PLAIN" }], {
      codec,
      compressors,
    });
    expect(await ofFile("a.parquet", content)).toEqual(data.map((text, i) => `${i + 1}: ${text}`));
  });
});

describe("refused as a whole", () => {
  it.each<[string, string, string | Uint8Array, string]>([
    [
      "CSV without the column",
      "a.csv",
      "id,body\n1,a",
      'there is no column "text" (got id, body). Name it: --text COLUMN',
    ],
    ["TSV without the column", "a.tsv", "a b\n", 'there is no column "text" (got a b)'],
    [
      "Parquet without the column",
      "a.parquet",
      parquetOf([{ name: "b", data: ["x"] }]),
      'there is no column "text" (got b)',
    ],
    ["a Parquet file that is none", "a.parquet", "PAR1 no PAR1", "cannot be read as Parquet"],
    ["an empty Parquet file", "a.parquet", "", "cannot be read as Parquet"],
  ])("%s", async (_, name, content, message) => {
    await expect(ofFile(name, content)).rejects.toThrow(message);
  });

  it("a folder without texts, and what is not there", async () => {
    await using folder = await temporaryFolder();
    await expect(rowsOf(folder.path)).rejects.toThrow("the folder holds no texts");
    await expect(rowsOf(join(folder.path, "none.csv"))).rejects.toMatchObject({
      code: "not-found",
    });
  });

  it("what Parquet is compressed by that nobody here unpacks", async () => {
    const compressors = { LZ4: (bytes: Uint8Array) => bytes };
    const content = parquetOf([{ name: "text", data: ["a"], type: "STRING" }], {
      codec: "LZ4",
      compressors,
    });
    await expect(ofFile("a.parquet", content)).rejects.toThrow(
      /row group 1: compressed in a way that is not known \(got LZ4/,
    );
  });
});

const examples: Readonly<Record<string, string | Uint8Array>> = {
  ".jsonl": '{"id": "a", "text": "one"}\n{"text": 1}\nno\n{"id": "b", "text": "two"}\n',
  ".txt": "one\n\ntwo\nthree",
  ".csv": 'id,text\na,"one\ntwo"\nb\n"c",""""\nd,four\n',
  ".tsv": "id\ttext\na\tone\nb\nc\ttwo\n",
  ".parquet": parquetOf(
    [
      { name: "id", data: ["a", "b", "c", "d", "e"], type: "STRING" },
      { name: "text", data: ["one", "two", null, "four", "five"], type: "STRING" },
    ],
    { rowGroupSize: 2 },
  ),
};

describe.each(Object.keys(sources))("%s", (extension) => {
  const name = `rows${extension}`;

  it("passes over the rows that are done, and says how far it is", async () => {
    await using folder = await temporaryFolder();
    const path = await folder.write(name, examples[extension]);
    const all = await rowsOf(path);
    for (let skip = 0; skip <= all.length; skip++) {
      expect(await rowsOf(path, { skip })).toEqual(all.slice(skip));
    }
    const { read } = await openInput(path);
    const shares = await Array.fromAsync(read(path), ({ share }) => share);
    expect(shares).toEqual(shares.toSorted((a, b) => a - b));
    expect(shares.at(-1)).toBe(1);
    expect(shares[0]).toBeGreaterThan(0);
  });

  it("whatever the bytes: rows, or an error of ours", async () => {
    const hasty: Source = (path, options) => parquetRows(path, options, () => 500);
    const read = extension === ".parquet" ? hasty : undefined;
    await using folder = await temporaryFolder();
    const bytes = Buffer.from(examples[extension] as Uint8Array);
    const change = fc.record({
      at: fc.nat(bytes.length - 1),
      drop: fc.nat(3),
      put: fc.oneof(
        fc.uint8Array({ maxLength: 4 }),
        fc.constantFrom(...['"', "\n", ",", "\t", "{"].map((text) => Buffer.from(text))),
      ),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), async (changes) => {
        const changed = changes.reduce(
          (now, { at, drop, put }) =>
            Buffer.concat([now.subarray(0, at), put, now.subarray(at + drop)]),
          bytes,
        );
        const path = await folder.write(name, changed);
        const found = await rowsOf(path, {}, read).catch((error: unknown) => error);
        if (!(found instanceof NearfoldError)) expect(found).toBeInstanceOf(Array);
        else expect(found.code).toMatch(/^(bad-input|too-large|unsupported)$/);
      }),
      { numRuns: 150 },
    );
  });
});

it("a record without end is read past, and bounded", async () => {
  const long = `text\n"${`${"x".repeat(4095)}\n`.repeat(4200)}"\n`;
  const rows = await ofFile("a.csv", long);
  expect(rows[0]).toMatch(/^a.csv:2: the record is too long/);
});

it("what is read twice has one stamp, and another once it changes", async () => {
  await using folder = await temporaryFolder();
  const path = await folder.write("a.txt", "one");
  const first = await openInput(path);
  expect((await openInput(path)).stamp).toBe(first.stamp);
  const whole = await openInput(folder.path);
  await writeFile(path, "other");
  expect((await openInput(path)).stamp).not.toBe(first.stamp);
  expect((await openInput(folder.path)).stamp).not.toBe(whole.stamp);
  expect((await openInput("/dev/null")).stamp).toBeUndefined();
  expect(await readFile(path, "utf8")).toBe("other");
});
