import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { shared, sharedIsThere, whereShared } from "../../test/shared.ts";
import { temporaryFolder } from "../../test/temporary.ts";
import { NearfoldError } from "../errors.ts";
import { readBeir, readQrels } from "./beir.ts";
import { readDocuments } from "./documents.ts";
import { skips } from "./lines.ts";
import { readSts } from "./sts.ts";

async function beirFolder(qrels: string, { corpus = CORPUS } = {}) {
  const folder = await temporaryFolder();
  await mkdir(join(folder.path, "qrels"));
  await folder.write("corpus.jsonl", corpus);
  await folder.write(
    "queries.jsonl",
    '{"_id": "q1", "text": "ask"}\n{"_id": "q2", "text": "more"}\n',
  );
  await folder.write(join("qrels", "test.tsv"), qrels);
  return folder;
}
const CORPUS =
  '{"_id": "d1", "title": "Wing", "text": "lift"}\n{"_id": 2, "title": "", "text": "drag"}\n{"_id": "d3", "text": ""}\n';

describe("readBeir", () => {
  it("reads texts, judged queries and grades", async () => {
    await using folder = await beirFolder("query-id\tcorpus-id\tscore\nq1\td1\t1\nq1\t2\t-1\n");
    expect(await readBeir(folder.path)).toEqual({
      documents: new Map([
        ["d1", "Wing lift"],
        ["2", "drag"],
        ["d3", ""],
      ]),
      queries: new Map([["q1", "ask"]]),
      qrels: new Map([["q1", new Map(Object.entries({ d1: 1, 2: -1 }))]]),
    });
  });

  it.each<[string, string, RegExp]>([
    [
      "an unknown document",
      "q1\td9\t1\n",
      /test.tsv:1: judges a document that is not there \(got "d9", wanted an id of the corpus\)/,
    ],
    [
      "an unknown query",
      "q1\td1\t1\nq9\td1\t1\n",
      /test.tsv:2: judges a query that is not there \(got "q9"/,
    ],
    ["two columns", "q1\td1\n", /test.tsv:1: not a judgement/],
    ["a word for a score", "q1\td1\t1\nq1\t2\tyes\n", /test.tsv:2: not a judgement \(got "yes"/],
    ["a fraction", "q1\td1\t1\nq1\t2\t0.5\n", /test.tsv:2: not a judgement/],
    ["two scores", "q1\td1\t1\nq1\td1\t2\n", /test.tsv:2: not a judgement \(got 1 and 2/],
    ["nothing", "", /test.tsv: the file is empty/],
  ])("refuses %s", async (_, qrels, message) => {
    await using folder = await beirFolder(qrels);
    await expect(readBeir(folder.path)).rejects.toThrow(message);
  });

  it("counts unknown ids where asked", async () => {
    await using folder = await beirFolder("q1\td1\t1\nq1\td9\t1\nq9\td1\t1\n");
    const bad = skips();
    const { qrels } = await readBeir(folder.path, { onBad: bad.onBad });
    expect([qrels.size, bad.count]).toEqual([1, 2]);
  });

  it("refuses an id used twice, and a split that is not there", async () => {
    await using twice = await beirFolder("q1\td1\t1\n", { corpus: CORPUS + CORPUS });
    await expect(readBeir(twice.path)).rejects.toThrow(/corpus.jsonl:4: an id is used twice/);
    await using folder = await beirFolder("q1\td1\t1\n");
    const absent = readBeir(folder.path, { split: "dev" });
    await expect(absent).rejects.toMatchObject({ code: "not-found" });
  });

  it("qrels: any bytes give judgements or an error of ours", async () => {
    await using folder = await temporaryFolder();
    const cell = fc.oneof(fc.constantFrom("q1", "1", "-3", "score", ""), fc.string());
    const table = fc
      .array(fc.array(cell, { maxLength: 4 }))
      .map((rows) => rows.map((row) => row.join("\t")).join("\n"));
    const content = fc.oneof(
      table.map((text) => Buffer.from(text)),
      fc.uint8Array(),
    );
    await fc.assert(
      fc.asyncProperty(content, async (bytes) => {
        const path = await folder.write("fuzz.tsv", bytes);
        const qrels = await readQrels(path).catch((error) => {
          if (!(error instanceof NearfoldError)) throw error;
          return new Map<string, Map<string, number>>();
        });
        for (const grades of qrels.values()) {
          for (const grade of grades.values()) expect(Number.isSafeInteger(grade)).toBe(true);
        }
      }),
      { numRuns: 300 },
    );
  });

  it.skipIf(!sharedIsThere)(whereShared("reads SciFact and Cranfield"), async () => {
    const count = ({ documents, queries, qrels }: Awaited<ReturnType<typeof readBeir>>) => [
      documents.size,
      queries.size,
      [...qrels.values()].reduce((sum, grades) => sum + grades.size, 0),
    ];
    expect(count(await readBeir(shared("data/scifact")))).toEqual([5183, 300, 339]);
    expect(count(await readBeir(shared("data/scifact"), { split: "train" }))).toEqual([
      5183, 809, 919,
    ]);
    expect(count(await readBeir(shared("data/cranfield")))).toEqual([1400, 225, 1612]);
  });
});

describe("readDocuments", () => {
  it.each<[string, string, string, unknown[]]>([
    [
      "JSON lines",
      "d.jsonl",
      '{"id": "a", "text": "x"}\n{"_id": 7, "title": "t", "text": "y"}\n',
      [
        { id: "a", text: "x" },
        { id: "7", text: "t y" },
      ],
    ],
    ["rows without ids", "d.jsonl", '\n{"text": "x"}\n', [{ id: "2", text: "x" }]],
    [
      "a text a line",
      "d.txt",
      "one\r\n\ntwo",
      [
        { id: "1", text: "one" },
        { id: "3", text: "two" },
      ],
    ],
  ])("reads %s", async (_, name, content, documents) => {
    await using folder = await temporaryFolder();
    expect(await Array.fromAsync(readDocuments(await folder.write(name, content)))).toEqual(
      documents,
    );
  });

  it.each<[string, string, RegExp]>([
    ["no text", '{"id": "a"}', /d.jsonl:1: "text" is not a text/],
    ["an empty id", '{"id": "", "text": "a"}', /d.jsonl:1: "id" is empty/],
    ["a fraction as id", '{"id": 1.5, "text": "a"}', /d.jsonl:1: "id" is not a text \(got 1.5/],
    ["a list", '["a"]', /d.jsonl:1: not an object \(got a list of 1/],
  ])("refuses %s", async (_, content, message) => {
    await using folder = await temporaryFolder();
    const path = await folder.write("d.jsonl", content);
    await expect(Array.fromAsync(readDocuments(path))).rejects.toThrow(message);
  });
});

describe("readSts", () => {
  it("reads scored pairs", async () => {
    await using folder = await temporaryFolder();
    const row = { sentence1: "a", sentence2: "b", score: 2.5 };
    const path = await folder.write("s.jsonl", JSON.stringify(row));
    expect(await Array.fromAsync(readSts(path))).toEqual([row]);
  });

  it.each<[string, object, RegExp]>([
    [
      "no score",
      { sentence1: "a", sentence2: "b" },
      /s.jsonl:1: "score" is not a number \(got undefined/,
    ],
    [
      "a score as text",
      { sentence1: "a", sentence2: "b", score: "1" },
      /"score" is not a number \(got "1"/,
    ],
    ["an empty sentence", { sentence1: "a", sentence2: "", score: 1 }, /"sentence2" is empty/],
  ])("refuses %s", async (_, row, message) => {
    await using folder = await temporaryFolder();
    const path = await folder.write("s.jsonl", JSON.stringify(row));
    await expect(Array.fromAsync(readSts(path))).rejects.toThrow(message);
  });
});
