import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "../../test/temporary.ts";
import { readEvaluation } from "./evaluation.ts";

async function beir(path: string, qrels = "q1\td1\t1\n"): Promise<string> {
  await mkdir(join(path, "qrels"), { recursive: true });
  await writeFile(join(path, "corpus.jsonl"), '{"_id": "d1", "text": "one"}\n');
  await writeFile(join(path, "queries.jsonl"), '{"_id": "q1", "text": "a?"}\n');
  await writeFile(join(path, "qrels", "test.tsv"), qrels);
  return path;
}

const split = "test";

test("its key is of all that is in its files", async () => {
  await using folder = await temporaryFolder();
  const path = await beir(folder.path);
  const { key, set, wanted } = await readEvaluation({ folder: path, split });
  expect(set.queries.size).toBe(1);
  expect(wanted).toEqual([]);
  expect((await readEvaluation({ folder: path, split })).key).toBe(key);
  await beir(path, "q1\td1\t2\n");
  expect((await readEvaluation({ folder: path, split })).key).not.toBe(key);
});

test.each([
  ["corpus.jsonl", "no corpus.jsonl"],
  ["queries.jsonl", "no queries.jsonl"],
  ["qrels", "no qrels/test.tsv"],
])("without %s it is no folder in BEIR's layout", async (name, said) => {
  await using folder = await temporaryFolder();
  const path = await beir(folder.path);
  await rm(join(path, name), { recursive: true });
  await expect(readEvaluation({ folder: path, split })).rejects.toThrow(
    `${path}: this is no folder in BEIR's layout (got ${said}`,
  );
});

test("what is not there is said so, and so are judgements of nothing", async () => {
  await using folder = await temporaryFolder();
  const nowhere = join(folder.path, "nowhere");
  await expect(readEvaluation({ folder: nowhere, split })).rejects.toMatchObject({
    code: "not-found",
  });
  const path = await beir(folder.path, "q1\td1\t0\n");
  await expect(readEvaluation({ folder: path, split })).rejects.toThrow("nothing is judged");
  await beir(path);
  const pair = { sentence1: "a", sentence2: "b", score: 1 };
  const sts = await folder.write("sts.jsonl", `${JSON.stringify(pair)}\n`);
  await expect(readEvaluation({ folder: path, split, sts })).rejects.toThrow("order the pairs by");
});
