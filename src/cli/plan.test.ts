import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { jsonl, nearfold } from "../../test/nearfold.ts";
import { temporaryFolder } from "../../test/temporary.ts";
import { tinyBert } from "../../test/tiny-models.ts";
import { loadModel, saveModel } from "../models/index.ts";

const words = ["fox", "dog", "space", "vector", "text", "word", "lazy", "quick", "brown", "number"];
const documents = words.flatMap((a) =>
  words.map((b) => ({ _id: `${a}-${b}`, text: `the ${a} of one ${b} may be compared` })),
);
const queries = documents.slice(0, 60).map(({ _id }) => ({ _id, text: _id.replace("-", " and ") }));
const pairs = words.map((word, i) => ({ sentence1: `a ${word}`, sentence2: "a fox", score: i }));

const PLAN_MS = 120_000;

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
const at = (...names: readonly string[]) => join(folder.path, ...names);
const typed = (out: string, ...more: readonly string[]) => [
  ...["plan", at("model"), "--data", at("texts.jsonl"), "--eval", at("beir"), "--out", at(out)],
  ...["--max-minutes", "0.02", "--teacher-cache", at("cache"), ...more],
];
const plan = (out: string, ...more: readonly string[]) => nearfold(typed(out, ...more));

beforeAll(async () => {
  folder = await temporaryFolder();
  await saveModel(at("model"), tinyBert());
  await mkdir(at("beir", "qrels"), { recursive: true });
  await folder.write("beir/corpus.jsonl", jsonl(documents));
  await folder.write("beir/queries.jsonl", jsonl(queries));
  const judged = queries.map(({ _id }) => `${_id}\t${_id}\t1\n`).join("");
  await folder.write("beir/qrels/test.tsv", judged);
  await folder.write("texts.jsonl", jsonl(documents.map(({ text }) => ({ text }))));
  await folder.write("sts.jsonl", jsonl(pairs));
  await folder.write("empty.jsonl", "");
});

afterAll(() => folder[Symbol.asyncDispose]());

describe("a plan from end to end", { timeout: PLAN_MS }, () => {
  const required = ["--bytes-per-vector", "16", "--keep-quality", "0.5", "--query-p95-ms", "500"];
  let said: {
    readonly chosen: {
      bytesPerVector: number;
      commands: string[];
      vectors: string;
      weights: string;
    };
    readonly measured: readonly { id: string; front: boolean; lost: string | null; kept: object }[];
    readonly pruned: readonly { id: string; why: string }[];
    readonly candidates: number;
    readonly reference: { measures: Record<string, unknown> };
  };

  test("builds, measures and chooses what meets the requirements", async () => {
    const ran = await plan("plan", ...required, "--sts", at("sts.jsonl"), "--json");
    expect(ran.code, ran.err).toBe(0);
    said = JSON.parse(ran.out);
    const { chosen, measured, pruned, candidates, reference } = said;
    expect(chosen.bytesPerVector).toBeLessThanOrEqual(16);
    // The given model is measured though its vectors are too long: the others are compared with it.
    expect(measured[0]).toMatchObject({ id: "given float32", kept: { mean: 1, low: 1, high: 1 } });
    expect(Object.keys(reference.measures)).toEqual(["ndcg@10", "spearman"]);
    expect(measured.length + pruned.length).toBe(candidates);
    expect(measured.filter(({ lost }) => lost === null)).toHaveLength(1);
    expect(pruned.every(({ why }) => why.includes("where at most 16 bytes is allowed"))).toBe(true);
    expect(ran.err).toContain('"task":"planning"');
    expect(ran.err).toContain('"secondsLeft"');
  });

  test("leaves the model, the report and the picture", async () => {
    const { formats, card } = await loadModel(at("plan", "model")).catch(() => ({
      formats: true,
      card: undefined,
    }));
    expect(formats === undefined ? card?.dims.length : formats).toBeTruthy();
    const report = await readFile(at("plan", "report.html"), "utf8");
    expect(report).toContain("<h2>The front</h2>");
    expect(report).not.toMatch(/<(?:script|img|iframe)\b|NaN|undefined/u);
    for (const { id } of said.measured) expect(report).toContain(id.split(" ")[1]);
    const picture = await readFile(at("plan", "plan.svg"), "utf8");
    expect(picture).toMatch(/^<svg /u);
    expect(picture).not.toMatch(/NaN|Infinity|undefined/u);
  });

  test("other requirements are answered from what is known", async () => {
    const before = await times("plan");
    const ran = await plan("plan", "--bytes-per-vector", "16", "--sts", at("sts.jsonl"));
    expect(ran.code, ran.err).toBe(0);
    expect(ran.out).toContain("Chosen: ");
    expect(ran.out).toContain("  nearfold index ");
    const after = await times("plan");
    const made = [...before].filter(([name]) => /measured|built|vectors|scores/.test(name));
    expect(made.length).toBeGreaterThan(10);
    for (const [name, time] of made) expect(after.get(name), name).toBe(time);
  });

  test("what it says to type builds the choice, and an index of it", async () => {
    const index = said.chosen.commands.at(-1)!;
    expect(index).toContain(`--vectors ${said.chosen.vectors}`);
    const argv = [
      at("beir", "corpus.jsonl"),
      "--model",
      at("plan", "model"),
      "--store",
      at("index"),
    ];
    const ran = await nearfold(["index", ...argv, "--vectors", said.chosen.vectors]);
    expect(ran.code, ran.err).toBe(0);
    const found = await nearfold(["search", at("index"), "the fox of one dog", "--json"]);
    expect(found.code, found.err).toBe(0);
    for (const line of said.chosen.commands.slice(0, -1)) {
      const [program, ...words] = line.split(" ");
      expect(program).toBe("nearfold");
      const again = await nearfold([...words, "--replace"]);
      expect(again.code, again.err).toBe(0);
    }
  });

  test("where nothing meets them, the nearest three are shown and the code is 3", async () => {
    const strict = ["--query-p95-ms", "0.000001", "--students", "none"];
    const ran = await plan("plan", "--bytes-per-vector", "16", ...strict, "--json");
    // A floor of its time rules out each candidate of a model with layers.
    expect(ran.code, ran.err).toBe(3);
    const { nearest, chosen, error } = JSON.parse(ran.out);
    expect(chosen).toBeNull();
    expect(nearest).toHaveLength(3);
    expect(error.code).toBe("unmet");
    expect(error.message).toContain("--query-p95-ms 0.000001");
    await expect(stat(at("plan", "model"))).rejects.toThrow("ENOENT");

    const measured = await plan("plan", "--ram-mb", "1", "--students", "1", "--weights", "float32");
    expect(measured.code, measured.err).toBe(3);
    expect(measured.out).toContain("Nothing meets --ram-mb 1. The nearest:");
    expect(measured.out).toMatch(/^ {2}1\. .*MB where at most 1 MB is allowed/m);
    expect(measured.out).not.toContain("not measured");
  });
});

/** When the files of a plan's work were written. */
async function times(out: string): Promise<Map<string, number>> {
  const names = await readdir(at(out, "work"));
  const entries = names.map(
    async (name) => [name, (await stat(at(out, "work", name))).mtimeMs] as const,
  );
  return new Map(await Promise.all(entries));
}

describe("a run that is killed", { timeout: PLAN_MS }, () => {
  const small = ["--students", "1", "--bytes-per-vector", "16"];

  test.each([
    ["while it distils", '"task":"training"'],
    ["while a model is measured", '"task":"measuring 1 of 2 layers, float32","unit":"queries"'],
    [
      "while vectors are scored",
      '"task":"measuring 1 of 2 layers, int8","unit":"formats of vectors"',
    ],
  ])("%s goes on with what was done", async (_, moment) => {
    const out = `killed-${moment.replaceAll(/\W+/g, "-")}`;
    const children = await killAt(typed(out, ...small, "--json"), moment);
    const before = await times(out);
    const ran = await plan(out, ...small);
    expect(ran.code, ran.err).toBe(0);
    const after = await times(out);
    const done = [...before].filter(([name]) => /\.(measured|built|scores)\.json$/.test(name));
    expect(done.length).toBeGreaterThan(0);
    for (const [name, time] of done) expect(after.get(name), name).toBe(time);
    expect([...after.keys()].filter((name) => name.endsWith(".tmp"))).toEqual([]);
    for (const pid of children) expect(await isGone(pid)).toBe(true);
  });
});

/** Starts the program and kills it once stderr says so; gives its children. */
async function killAt(argv: readonly string[], moment: string): Promise<readonly number[]> {
  const main = join(import.meta.dirname, "main.ts");
  const child = spawn(process.execPath, [main, ...argv], { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  for await (const part of child.stderr) {
    said += part;
    if (said.includes(moment)) break;
  }
  expect(said).toContain(moment);
  const { pid } = child;
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8").catch(() => "");
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
  return children.split(" ").filter(Boolean).map(Number);
}

/** A child notices that nobody waits for it. */
async function isGone(pid: number): Promise<boolean> {
  for (let i = 0; i < 50; i++) {
    try {
      process.kill(pid, 0);
    } catch {
      return true;
    }
    await setTimeout(100);
  }
  return false;
}

describe("mistakes", () => {
  test.each([
    [
      "no BEIR folder",
      ["--eval", "model"],
      "this is no folder in BEIR's layout (got no corpus.jsonl",
    ],
    ["no folder", ["--eval", "nowhere"], "there is no such folder"],
    ["no texts", ["--data", "empty.jsonl"], "the file is empty"],
    ["a split that is none", ["--split", "dev"], "qrels/dev.tsv"],
  ])("%s", async (_, [flag, name], message) => {
    const value = flag === "--split" ? name : at(name);
    const ran = await plan("none", flag, value);
    expect(ran.code).toBe(2);
    expect(ran.err).toContain(message);
    await expect(stat(at("none"))).rejects.toThrow("ENOENT");
  });

  test.each([
    ["--keep-quality", "1.5", "Not a number from 0 to 1"],
    ["--keep-quality", "0", "Not a share above 0"],
    ["--query-p95-ms", "-3", "Not a number above 0"],
    ["--ram-mb", "0", "Not a number above 0"],
    ["--bytes-per-vector", "1.5", "Not a whole number of at least 1"],
    ["--documents-per-second", "many", "Not a number above 0"],
    ["--students", "half", "Not counts of layers"],
  ])("%s %s", async (flag, value, message) => {
    const ran = await plan("none", flag, value);
    expect(ran.code).toBe(2);
    expect(ran.err).toContain(message);
  });

  test("more layers than there are, a format that is none, a folder of something else", async () => {
    const layers = await plan("none", "--students", "3");
    expect(layers.err).toContain("--students: the model does not have so many layers (got 3");
    const weights = await plan("none", "--weights", "int3");
    expect(weights.err).toContain("no such format of weights (got int3");
    const taken = await plan("beir");
    expect(taken.code).toBe(2);
    expect(taken.err).toContain("the folder holds something else");
  });

  test("few queries are said to be few", { timeout: PLAN_MS }, async () => {
    await mkdir(at("few", "qrels"), { recursive: true });
    await folder.write("few/corpus.jsonl", jsonl(documents.slice(0, 20)));
    await folder.write("few/queries.jsonl", jsonl(queries.slice(0, 5)));
    const judged = queries.slice(0, 5).map(({ _id }) => `${_id}\t${_id}\t1\n`);
    await folder.write("few/qrels/test.tsv", judged.join(""));
    const only = ["--students", "none", "--weights", "float32"];
    const ran = await plan("few-plan", "--eval", at("few"), ...only);
    expect(ran.code, ran.err).toBe(0);
    expect(ran.err).toContain("Warning: 5 queries are too few to tell candidates apart");
  });
});
