import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../../test/temporary.ts";
import { NearfoldError } from "../errors.ts";
import { readJsonl } from "./jsonl.ts";
import { readLines, skips } from "./lines.ts";

const any = (value: unknown) => value;

async function rowsOf(content: string | Uint8Array, options = {}): Promise<unknown[]> {
  await using folder = await temporaryFolder();
  const path = await folder.write("rows.jsonl", content);
  return await Array.fromAsync(readJsonl(path, any, options));
}

async function errorOf(content: string | Uint8Array, options = {}): Promise<string> {
  const error: unknown = await rowsOf(content, options).catch((caught) => caught);
  if (!(error instanceof NearfoldError)) throw new Error("no error of ours", { cause: error });
  return `${error.code} ${error.message.replace(/^.*rows/, "rows")}`;
}

describe("readJsonl reads", () => {
  it.each<[string, string | Uint8Array, unknown[]]>([
    ["a line without its end", "1\n2", [1, 2]],
    ["carriage returns", "1\r\n2\r\n", [1, 2]],
    ["blank lines", "\n1\n  \n\r\n2\n\n", [1, 2]],
    ["a byte order mark", "\ufeff1\n2\n", [1, 2]],
    ["U+2028 inside a string", '"a\u2028b"\n', ["a\u2028b"]],
    ["characters of four bytes", '"😀"\n'.repeat(3), ["😀", "😀", "😀"]],
    ["null", "null\n", [null]],
    ["a key named __proto__", '{"__proto__": 1}\n', [JSON.parse('{"__proto__": 1}')]],
  ])("%s", async (_, content, rows) => {
    expect(await rowsOf(content)).toEqual(rows);
  });

  it("lines that span many chunks, and lines that end where a chunk does", async () => {
    const long = "x".repeat(2 ** 18 - 3);
    const rows = [long, "a", `${long}${long}é`, "b"];
    expect(await rowsOf(rows.map((row) => `${JSON.stringify(row)}\n`).join(""))).toEqual(rows);
  });
});

describe("readJsonl refuses", () => {
  const deep = "[".repeat(200_000);
  it.each<[string, string | Uint8Array, string | RegExp]>([
    ["an empty file", "", "bad-input rows.jsonl: the file is empty (wanted at least one row)"],
    [
      "blank lines alone",
      "\n \n",
      "bad-input rows.jsonl: the file is empty (wanted at least one row)",
    ],
    [
      "a line that is not JSON",
      '{"a": 1}\n\n{"a": }\n',
      'bad-input rows.jsonl:3: not JSON (got "{\\"a\\": }", wanted one JSON value a line)',
    ],
    ["a line cut short", '{"a": 1}\n{"a', /^bad-input rows.jsonl:2: not JSON/],
    ["a line nested without end", deep, /^bad-input rows.jsonl:1: not JSON/],
    ["Latin-1", Uint8Array.of(34, 0xe9, 34), /^bad-input rows.jsonl:1: not UTF-8/],
    ["UTF-16", Uint8Array.of(0xff, 0xfe, 49, 0), /^bad-input rows.jsonl:1: not UTF-8/],
    ["a long line", `1\n${" ".repeat(101)}`, /^too-large rows.jsonl:2: the line is too long/],
  ])("%s", async (_, content, message) => {
    const error = await errorOf(content, { maxLineBytes: content === deep ? 2 ** 20 : 100 });
    if (typeof message === "string") expect(error).toBe(message);
    else expect(error).toMatch(message);
  });

  it("a file that is not there, and a folder", async () => {
    await using folder = await temporaryFolder();
    const absent = Array.fromAsync(readLines(join(folder.path, "absent")));
    await expect(absent).rejects.toMatchObject({ code: "not-found" });
    await mkdir(join(folder.path, "folder"));
    const inside = Array.fromAsync(readLines(join(folder.path, "folder")));
    await expect(inside).rejects.toMatchObject({ code: "bad-input" });
  });
});

describe("with onBad", () => {
  it("bad lines are left out and counted, with the first errors", async () => {
    const bad = skips({ keep: 2 });
    const content = Buffer.concat([
      Buffer.from('1\n{\n2\n"\n'),
      Buffer.of(0xff),
      Buffer.from(`\n${"9".repeat(400_000)}\n3\n`),
    ]);
    expect(await rowsOf(content, { onBad: bad.onBad, maxLineBytes: 300_000 })).toEqual([1, 2, 3]);
    expect(bad.count).toBe(4);
    expect(bad.first.map((error) => error.details.at?.replace(/.*:/, ""))).toEqual(["2", "4"]);
  });

  it("a file without one good line is still refused", async () => {
    expect(await errorOf("{\n{\n", { onBad: () => {} })).toBe(
      "bad-input rows.jsonl: no line is usable (got 2 bad lines, wanted at least one row)",
    );
  });

  it("an error that is no error of the row is thrown", async () => {
    await using folder = await temporaryFolder();
    const path = await folder.write("rows.jsonl", "1\n");
    const fail = () => {
      throw new TypeError("ours");
    };
    const rows = Array.fromAsync(readJsonl(path, fail, { onBad: () => {} }));
    await expect(rows).rejects.toThrow(TypeError);
  });
});

it("any bytes give rows or an error of ours, and the same lines however they are cut", async () => {
  await using folder = await temporaryFolder();
  const valid = Buffer.from('{"a": "é", "b": [1, 2]}\r\n\n{"a": null}\n');
  const mutated = fc
    .array(fc.tuple(fc.nat(valid.length - 1), fc.nat(255)), { maxLength: 6 })
    .map((changes) => {
      const bytes = Buffer.from(valid);
      for (const [at, byte] of changes) bytes[at] = byte;
      return bytes;
    });
  const content = fc.oneof(mutated, fc.uint8Array({ maxLength: 200 }));
  await fc.assert(
    fc.asyncProperty(content, fc.nat(100), async (bytes, maxLineBytes) => {
      const path = await folder.write("fuzz.jsonl", bytes);
      const bad = skips();
      const rows = await Array.fromAsync(
        readJsonl(path, any, { maxLineBytes, onBad: bad.onBad }),
      ).catch((error) => {
        if (!(error instanceof NearfoldError)) throw error;
        return [];
      });
      const lines = Buffer.from(bytes).toString("latin1").split("\n").length;
      expect(rows.length + bad.count).toBeLessThanOrEqual(lines);
    }),
    { numRuns: 300 },
  );
});
