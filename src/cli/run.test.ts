import { spawnSync } from "node:child_process";
import { cp, mkdir, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { jsonl, nearfold } from "../../test/nearfold.ts";
import { temporaryFolder } from "../../test/temporary.ts";
import { openSafetensors } from "../tensor/safetensors.ts";
import { commands } from "./commands.ts";

const colours = ["red", "green", "blue", "white", "black", "yellow", "brown", "grey"];
const things = ["cat", "house", "river", "stone", "bird", "tree", "boat", "lamp"];
const pairs = colours.flatMap((colour) =>
  things.map((thing) => ({
    anchor: `which ${thing} is ${colour}`,
    positive: `the ${colour} ${thing}`,
  })),
);
const tiny = ["--dims", "32", "--epochs", "3", "--batch-size", "16", "--vocab-size", "400"];

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
const at = (...names: readonly string[]) => join(folder.path, ...names);

beforeAll(async () => {
  folder = await temporaryFolder();
  await mkdir(at("beir", "qrels"), { recursive: true });
  await Promise.all([
    folder.write("pairs.jsonl", jsonl(pairs)),
    folder.write("dev.jsonl", jsonl(pairs.slice(0, 10))),
    folder.write(
      "docs.jsonl",
      jsonl(pairs.map(({ positive }, i) => ({ id: `d${i}`, text: positive }))),
    ),
    folder.write("questions.txt", "which cat is red\nwhich boat is blue\n"),
    folder.write(
      "sts.jsonl",
      jsonl(
        pairs.slice(0, 8).map(({ anchor, positive }, i) => ({
          sentence1: anchor,
          sentence2: positive,
          score: i / 2,
        })),
      ),
    ),
    folder.write(
      "beir/corpus.jsonl",
      jsonl(pairs.map(({ positive }, i) => ({ _id: `d${i}`, title: "", text: positive }))),
    ),
    folder.write(
      "beir/queries.jsonl",
      jsonl(pairs.map(({ anchor }, i) => ({ _id: `q${i}`, text: anchor }))),
    ),
    folder.write(
      "beir/qrels/test.tsv",
      `query-id\tcorpus-id\tscore\n${pairs.map((_, i) => `q${i}\td${i}\t1`).join("\n")}\n`,
    ),
    folder.write("empty.jsonl", ""),
    folder.write("broken.jsonl", `${jsonl(pairs.slice(0, 11))}\n{"anchor": "no end`),
    folder.write("one-sided.jsonl", jsonl([...pairs.slice(0, 3), { anchor: "a", positive: " " }])),
    folder.write("long.jsonl", jsonl([{ anchor: "a", positive: "x".repeat(10_000_000) }])),
    folder.write(
      "twice.jsonl",
      jsonl([
        { id: "a", text: "one" },
        { id: "a", text: "two" },
      ]),
    ),
  ]);
  const ran = await nearfold([
    "train",
    at("pairs.jsonl"),
    "--out",
    at("model"),
    "--dev",
    at("dev.jsonl"),
    ...tiny,
  ]);
  expect(ran).toMatchObject({ code: 0 });
  expect(ran.err).toContain(
    "10 anchors and 10 positives of 10 pairs are in the training pairs too",
  );
  expect(ran.out).toMatch(/ndcg@10 +[\d.]+ \[[\d.]+, [\d.]+\] +[\d.]+/);
});
afterAll(() => folder[Symbol.asyncDispose]());

describe("help", () => {
  it.each(Object.keys(commands))("%s has an example", async (name) => {
    const { code, out } = await nearfold([name, "--help"]);
    expect(code).toBe(0);
    expect(out).toMatch(/Examples?:/);
    expect(out).toContain(`nearfold ${name}`);
    expect(out).toContain("--json");
  });

  it("lists every command", async () => {
    const { code, out } = await nearfold(["--help"]);
    expect(code).toBe(0);
    for (const name of Object.keys(commands)) expect(out).toContain(`  ${name} `);
  });

  it("without a command is a mistake", async () => {
    expect(await nearfold([])).toMatchObject({ code: 2, out: "" });
  });
});

describe("a mistake of the caller's is one clear line and code 2", () => {
  const out = () => at("never");
  it.each<[string, () => readonly string[], string]>([
    ["a command misspelt", () => ["trian"], "Did you mean train?"],
    [
      "an option misspelt",
      () => ["search", "i", "q", "--modle", "m"],
      "Did you mean one of --mode, --model?",
    ],
    ["no --out", () => ["train", at("pairs.jsonl")], "required option '--out <folder>'"],
    ["no argument", () => ["embed"], "missing required argument 'model'"],
    ["too many arguments", () => ["doctor", "now"], "too many arguments"],
    [
      "a number that is none",
      () => ["train", "x", "--out", "y", "--epochs", "many"],
      "Not a whole number",
    ],
    [
      "a rate of 0",
      () => ["train", "x", "--out", "y", "--learning-rate", "0"],
      "Not a number above 0",
    ],
    [
      "an unknown --arch",
      () => ["train", "x", "--out", "y", "--arch", "mamba"],
      "Allowed choices are static",
    ],
    [
      "two that exclude each other",
      () => ["eval", "m", "--pairs", "a", "--sts", "b"],
      "cannot be used with",
    ],
    [
      "nothing to measure on",
      () => ["eval", at("model")],
      "wanted --beir FOLDER, --pairs FILE or --sts FILE",
    ],
    [
      "a file that is not there",
      () => ["train", at("none.jsonl"), "--out", out()],
      "none.jsonl: there is no such file",
    ],
    [
      "a folder for a file",
      () => ["train", folder.path, "--out", out()],
      "this is a folder (wanted a file)",
    ],
    [
      "another kind of file",
      () => ["train", at("questions.txt"), "--out", out()],
      "got .txt, wanted .jsonl",
    ],
    [
      "an empty file",
      () => ["train", at("empty.jsonl"), "--out", out()],
      "empty.jsonl: the file is empty",
    ],
    [
      "a malformed line",
      () => ["train", at("broken.jsonl"), "--out", out()],
      "broken.jsonl:12: not JSON",
    ],
    [
      "an empty side",
      () => ["train", at("one-sided.jsonl"), "--out", out()],
      'one-sided.jsonl:4: "positive" is empty',
    ],
    [
      "a text of 10 MB",
      () => ["train", at("long.jsonl"), "--out", out()],
      'long.jsonl:1: "positive" is too long',
    ],
    [
      "too wide a prefix",
      () => ["train", at("pairs.jsonl"), "--out", out(), ...tiny, "--matryoshka", "64"],
      "wanted at most 32",
    ],
    [
      "a model there already",
      () => ["train", at("pairs.jsonl"), "--out", at("model")],
      "Choose another --out",
    ],
    [
      "a file in the way",
      () => ["train", at("pairs.jsonl"), "--out", at("docs.jsonl")],
      "a file of the folder's name is in the way",
    ],
    [
      "a folder of the person's own, for a model",
      () => ["train", at("pairs.jsonl"), "--out", at("beir"), "--replace"],
      "beir: the folder holds something else than what would replace it (got no nearfold.json",
    ],
    [
      "no model",
      () => ["embed", at("none"), at("docs.jsonl"), "--out", at("v.jsonl")],
      "none: cannot read: no such file or folder",
    ],
    [
      "a file for a model",
      () => ["embed", at("docs.jsonl"), at("docs.jsonl")],
      "got a file, wanted a model's folder",
    ],
    ["a folder that is no model", () => ["embed", at("beir"), at("docs.jsonl")], "beir"],
    [
      "another kind of output",
      () => ["embed", at("model"), at("docs.jsonl"), "--out", "v.bin"],
      "wanted .parquet, .jsonl, .npy, .safetensors, or a folder's name",
    ],
    [
      "JSON twice on stdout",
      () => ["embed", at("model"), at("docs.jsonl"), "--json"],
      "wanted --out FILE",
    ],
    [
      "untrained dimensions",
      () => ["embed", at("model"), at("docs.jsonl"), "--dims", "31"],
      "wanted one of 32",
    ],
    [
      "a folder of the person's own, for an index built anew",
      () => ["index", at("docs.jsonl"), "--model", at("model"), "--store", at("beir"), "--replace"],
      "beir: the folder holds something else than what would replace it (got no store.json",
    ],
    [
      "an id used twice",
      () => ["index", at("twice.jsonl"), "--model", at("model"), "--store", out()],
      'an id is used twice (got "a")',
    ],
    ["no index", () => ["search", at("none"), "q"], "there is no index here"],
    ["a model for an index", () => ["search", at("model"), "q"], "got a model"],
    ["an empty query", () => ["search", at("none"), " "], "the query is empty"],
    [
      "no qrels of that name",
      () => ["eval", at("model"), "--beir", at("beir"), "--split", "dev"],
      "dev.tsv: there is no such file",
    ],
  ])("%s", async (_, argv, message) => {
    const { code, err, out: text } = await nearfold(argv());
    expect(err).toContain(message);
    expect(err.split("\n").filter((line) => line.startsWith("error: "))).toHaveLength(1);
    expect(err).not.toContain("    at ");
    expect(err).not.toContain("training:");
    expect(code).toBe(2);
    if (!argv().includes("--json")) expect(text).toBe("");
    expect(await readdir(folder.path)).not.toContain("never");
  });

  it("with --json the error is an object on stdout as well", async () => {
    const { code, out } = await nearfold(["search", at("none"), "q", "--json"]);
    expect(code).toBe(2);
    expect(JSON.parse(out).error).toMatchObject({ code: "not-found" });
  });

  it("--debug shows the stack", async () => {
    const { err } = await nearfold(["search", at("none"), "q", "--debug"]);
    expect(err).toContain("    at ");
  });
});

describe("damage", () => {
  it.each([
    ["model.safetensors", "the data has another size than the header says"],
    ["tokenizer.json", "tokenizer.json"],
    ["nearfold.json", "nearfold.json: not JSON"],
    ["modules.json", "modules.json: not JSON"],
  ])("%s of the model cut short", async (name, message) => {
    await using copy = await temporaryFolder();
    await cp(at("model"), copy.path, { recursive: true });
    const { length } = await readFile(join(copy.path, name));
    await truncate(join(copy.path, name), length - 10);
    const { code, err } = await nearfold(["embed", copy.path, at("docs.jsonl")]);
    expect(err).toContain(message);
    expect(code).toBe(2);
  });

  it("a judgement of an unknown document names file and line", async () => {
    await using copy = await temporaryFolder();
    await cp(at("beir"), copy.path, { recursive: true });
    await writeFile(
      join(copy.path, "qrels", "test.tsv"),
      "query-id\tcorpus-id\tscore\nq0\tnobody\t1\n",
    );
    const { code, err } = await nearfold(["eval", at("model"), "--beir", copy.path]);
    expect(err).toContain('test.tsv:2: judges a document that is not there (got "nobody"');
    expect(code).toBe(2);
  });

  it("a place that can't be written is a failure of the machine's, said before the work", async () => {
    const blocked = at("docs.jsonl", "model");
    const { code, err } = await nearfold(["train", at("pairs.jsonl"), "--out", blocked]);
    expect(err).toContain("cannot write: a file stands where a folder is needed");
    expect(err).not.toContain("pairs");
    expect(code).toBe(1);
  });
});

describe("train", () => {
  it("needs no option but --out, and says what is next", async () => {
    const { code, out, err } = await nearfold(["train", at("pairs.jsonl"), "--out", at("plain")]);
    expect(code).toBe(0);
    expect(err).toContain("64 pairs are too few to hold some out");
    expect(out).toContain("Next: nearfold index");
    const card = JSON.parse(await readFile(at("plain", "nearfold.json"), "utf8"));
    expect(card.dims).toEqual([256, 128, 64, 32]);
    expect(card.lineage).toMatchObject({ data: [{ name: "pairs.jsonl", rows: 64 }], seed: 42 });
  });

  it("holds some out by hash, and measures on them", async () => {
    const many = Array.from({ length: 420 }, (_, i) => ({
      anchor: `ask ${i}`,
      positive: `say ${i}`,
    }));
    const path = await folder.write("many.jsonl", jsonl(many));
    const argv = ["train", path, "--out", at("many"), "--json", ...tiny, "--epochs", "1"];
    const { code, out, err } = await nearfold(argv);
    expect(code).toBe(0);
    const result = JSON.parse(out);
    expect(result.pairs + result.heldOut).toBe(420);
    expect(result).toMatchObject({
      dims: [32],
      metrics: { "ndcg@10": {} },
      bm25: { "ndcg@10": {} },
    });
    const types = err
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line).type);
    expect(new Set(types)).toEqual(
      new Set(["note", "preflight", "step", "evaluation", "done", "progress"]),
    );
  });

  it("stopped and resumed, ends on the bytes of a run that was not", async () => {
    const argv = (out: string) => ["train", at("pairs.jsonl"), "--out", out, ...tiny];
    const stopped = await nearfold([...argv(at("again")), "--json"], { stopAt: '"done":1,' });
    expect(stopped.code).toBe(130);
    expect(stopped.err).toContain("resume to go on");
    expect(await readdir(folder.path)).not.toContain("again");
    const refused = await nearfold(argv(at("again")));
    expect(refused).toMatchObject({ code: 2 });
    expect(refused.err).toContain("Go on with --resume");
    const mistyped = await nearfold(["train", at("none.jsonl"), "--out", at("again"), "--replace"]);
    expect(mistyped).toMatchObject({ code: 2 });
    expect(await nearfold([...argv(at("again")), "--resume"])).toMatchObject({ code: 0 });
    expect(await readdir(folder.path)).not.toContain("again.checkpoint");
    expect(await nearfold(argv(at("once")))).toMatchObject({ code: 0 });
    const weights = (name: string) => readFile(at(name, "model.safetensors"), "base64");
    expect(await weights("again")).toBe(await weights("once"));
  });

  it("stopped while it measures, keeps the model", async () => {
    const argv = [
      "train",
      at("pairs.jsonl"),
      "--out",
      at("late"),
      "--dev",
      at("dev.jsonl"),
      ...tiny,
    ];
    const stopped = await nearfold(argv, { stopAt: "kept step" });
    expect(stopped.code).toBe(0);
    expect(await readdir(at("late"))).toContain("model.safetensors");
  });

  it("adapts a base, and replaces only when asked", async () => {
    const argv = [
      "train",
      at("pairs.jsonl"),
      "--base",
      at("model"),
      "--out",
      at("once"),
      "--epochs",
      "1",
      "--replace",
    ];
    expect(await nearfold(argv)).toMatchObject({ code: 0 });
    const card = JSON.parse(await readFile(at("once", "nearfold.json"), "utf8"));
    expect(card.lineage.base).toBe("model");
    expect(card.dims).toEqual([32]);
  });

  it("with --skip-bad counts what it leaves out", async () => {
    const argv = ["train", at("broken.jsonl"), "--out", at("skipped"), "--skip-bad", ...tiny];
    const { code, err } = await nearfold(argv);
    expect(code).toBe(0);
    expect(err).toContain("broken.jsonl: 1 rows were left out");
    expect(err).toContain("broken.jsonl:12: not JSON");
  });
});

describe("eval", () => {
  it("BEIR, beside BM25, as text and as a TREC run", async () => {
    const argv = ["eval", at("model"), "--beir", at("beir"), "--bm25", "--run", at("out.trec")];
    const { code, out } = await nearfold(argv);
    expect(code).toBe(0);
    expect(out).toContain("64 queries, 64 documents, 32 dimensions");
    expect(out).toMatch(/nDCG@10 differs by -?[\d.]+, p [<=] [\d.]+/);
    expect((await readFile(at("out.trec"), "utf8")).split("\n")[0]).toMatch(
      /^q0 Q0 d\d+ 1 [\d.]+ nearfold$/,
    );
  });

  it.each([
    ["--pairs", "pairs.jsonl", ["ndcg@10", "recall@10"]],
    ["--sts", "sts.jsonl", ["spearman", "pearson"]],
  ])("%s as JSON: each measure with its interval", async (option, file, names) => {
    const { code, out } = await nearfold(["eval", at("model"), option, at(file), "--json"]);
    expect(code).toBe(0);
    const { metrics } = JSON.parse(out);
    for (const name of names) {
      const { mean, low, high } = metrics[name];
      expect(low).toBeLessThanOrEqual(mean);
      expect(high).toBeGreaterThanOrEqual(mean);
    }
  });
});

describe("embed", () => {
  it("safetensors and JSON lines hold the same vectors and ids", async () => {
    const argv = ["embed", at("model"), at("docs.jsonl")];
    const whole = await nearfold([...argv, "--out", at("v.safetensors"), "--json"]);
    expect(JSON.parse(whole.out)).toMatchObject({ texts: 64, dims: 32, truncated: 0 });
    const lines = await nearfold(argv);
    await nearfold([...argv, "--out", at("v.jsonl")]);
    expect(await readFile(at("v.jsonl"), "utf8")).toBe(lines.out);
    const rows = lines.out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    await using file = await openSafetensors(at("v.safetensors"));
    const { shape, data } = await file.readAsFloat32("vectors");
    expect(shape).toEqual([64, 32]);
    expect(rows.flatMap(({ vector }) => vector)).toEqual([...data]);
    expect(JSON.parse(file.metadata.ids)).toEqual(rows.map(({ id }) => id));
  });
});

describe("index and search", () => {
  it("finds a document, in text and in JSON", async () => {
    const made = await nearfold([
      "index",
      at("docs.jsonl"),
      "--model",
      at("model"),
      "--store",
      at("index"),
      "--json",
    ]);
    expect(JSON.parse(made.out)).toMatchObject({ documents: 64, encoded: 64, dims: 32 });
    const found = await nearfold(["search", at("index"), "the red cat", "-k", "2", "--json"]);
    expect(JSON.parse(found.out).hits[0]).toMatchObject({ id: "d0", text: "the red cat" });
    const said = await nearfold(["search", at("index"), "the red cat", "-k", "2"]);
    expect(said.out).toMatch(/^ 1 {2}[\d.]+ {2}d0 {2}the red cat\n 2 /);
  });

  it("typed again takes in only what changed", async () => {
    const changed = jsonl([
      { id: "d0", text: "a new text" },
      { id: "d1", text: pairs[1].positive },
      { id: "more", text: "one more" },
    ]);
    const path = await folder.write("changed.jsonl", changed);
    const { out } = await nearfold(["index", path, "--store", at("index"), "--json"]);
    expect(JSON.parse(out)).toMatchObject({ documents: 65, encoded: 2, removed: 0, spared: 62 });
    const found = await nearfold(["search", at("index"), "a new text", "-k", "1", "--json"]);
    expect(JSON.parse(found.out).hits[0].id).toBe("d0");
  });

  it("takes out what the file no longer holds, when it is asked to", async () => {
    const path = await folder.write("fewer.jsonl", jsonl([{ id: "d0", text: "a new text" }]));
    const argv = ["index", path, "--store", at("pruned"), "--json"];
    const first = [at("docs.jsonl"), "--model", at("model"), "--store", at("pruned")];
    expect((await nearfold(["index", ...first])).code).toBe(0);
    const said = await nearfold(argv.slice(0, -1));
    expect(said.out).toContain("63 documents of the index are not among these: --prune");
    const { out } = await nearfold([...argv, "--prune"]);
    expect(JSON.parse(out)).toMatchObject({ documents: 1, encoded: 0, removed: 63 });
  });

  it("cuts a folder's documents into passages, and takes out those that a change left behind", async () => {
    await mkdir(at("handbook", "a"), { recursive: true });
    const words = (n: number) => Array.from({ length: n }, (_, i) => `word${i % 50}`).join(" ");
    const long = `# Guide\n\n## Cats\n\nThe red cat. ${words(300)}.\n\n## Dogs\n\nThe old dog. ${words(300)}.`;
    await writeFile(at("handbook", "guide.md"), long);
    await writeFile(
      at("handbook", "a", "page.html"),
      "<title>Page</title><script>x()</script><p>A red cat sat.",
    );
    await writeFile(at("handbook", "no.pdf"), "%PDF-1.4 is not all of it");
    const argv = ["index", at("handbook"), "--store", at("passages"), "--json"];
    const strict = await nearfold([...argv, "--model", at("model")]);
    expect([strict.code, strict.err]).toEqual([2, expect.stringContaining("not a readable PDF")]);
    const made = await nearfold([...argv, "--model", at("model"), "--skip-bad"]);
    expect(made.code, made.err).toBe(0);
    const { documents } = JSON.parse(made.out);
    expect(documents).toBeGreaterThan(3);
    const { out } = await nearfold(["search", at("passages"), "red cat", "--json"]);
    const { hits } = JSON.parse(out) as { hits: Record<string, unknown>[] };
    expect(hits.map(({ document }) => document).sort()).toEqual(["a/page.html", "guide.md"]);
    for (const { text, source, start, end } of hits) {
      if (source === "guide.md") expect(long.slice(start as number, end as number)).toBe(text);
      else expect(text).toBe("A red cat sat.");
    }
    await writeFile(at("handbook", "guide.md"), "# Guide\n\nThe red cat.");
    await rm(at("handbook", "a", "page.html"));
    const again = JSON.parse((await nearfold([...argv, "--skip-bad"])).out);
    expect(again).toMatchObject({ documents: 2, encoded: 1, removed: documents - 2, spared: 1 });
    const pruned = JSON.parse((await nearfold([...argv, "--skip-bad", "--prune"])).out);
    expect(pruned).toMatchObject({ documents: 1, encoded: 0, removed: 1 });
    const rows = await nearfold([
      "index",
      at("docs.jsonl"),
      "--store",
      at("x"),
      "--model",
      at("model"),
      "--overlap",
      "1",
    ]);
    expect([rows.code, rows.err]).toEqual([2, expect.stringContaining("rows are not cut")]);
  });

  it("keeps the other fields of a row, and finds by them", async () => {
    const rows = [
      { id: "a", title: "Cats", text: "the red cat", year: 2001, tags: { lang: "en" } },
      { id: "b", text: "the red cat again", year: 2011 },
    ];
    const path = await folder.write("fields.jsonl", jsonl(rows));
    const store = at("fields");
    const made = await nearfold(["index", path, "--model", at("model"), "--store", store]);
    expect(made.code, made.err).toBe(0);
    const find = async (...argv: readonly string[]) => {
      const { out, err, code } = await nearfold(["search", store, "red cat", "--json", ...argv]);
      expect(code, err).toBe(0);
      return JSON.parse(out).hits as { id: string }[];
    };
    expect(await find("--where", "year < 2010")).toMatchObject([
      { id: "a", text: "Cats the red cat", title: "Cats", year: 2001, tags: { lang: "en" } },
    ]);
    expect(await find("--where", 'tags.lang = "en" and year > 2010')).toEqual([]);
    for (const mode of ["vector", "keyword", "hybrid"]) {
      const [first, second] = [
        await find("-k", "1", "--mode", mode),
        await find("-k", "1", "--page", "2", "--mode", mode),
      ];
      expect(new Set([first[0].id, second[0].id])).toEqual(new Set(["a", "b"]));
    }
    const wrong = await nearfold(["search", store, "cat", "--where", "year like 2"]);
    expect(wrong.code).toBe(2);
    expect(wrong.err).toContain('got "like"');
  });

  it("built anew holds only what the file holds", async () => {
    const argv = [
      "index",
      at("changed.jsonl"),
      "--model",
      at("model"),
      "--store",
      at("index"),
      "--replace",
      "--json",
    ];
    expect(JSON.parse((await nearfold(argv)).out)).toMatchObject({ documents: 3, encoded: 3 });
  });

  it.each([
    ["int8", 32],
    ["binary+int8", 36],
    ["binary+float32", 132],
  ])("keeps vectors as %s, %i bytes each, and says what that costs", async (format, bytes) => {
    const place = at(`index-${format}`);
    const argv = [
      "index",
      at("docs.jsonl"),
      "--store",
      place,
      "--model",
      at("model"),
      "--vectors",
      format,
    ];
    const { code, out, err } = await nearfold(argv);
    expect(code).toBe(0);
    expect(err).toContain("a sample of 64: 32 dimensions count as");
    expect(err).toContain(`recall@10 within it: ${format}`);
    const [, recall] = out.match(/bytes each; recall@10 against float32 is ([\d.]+)/) ?? [];
    expect(out).toContain(`kept as ${format}, ${bytes} bytes each`);
    expect(Number(recall)).toBeGreaterThan(0.8);
    const found = await nearfold(["search", place, "the red cat", "-k", "1", "--json"]);
    expect(JSON.parse(found.out).hits[0]).toMatchObject({ id: "d0", text: "the red cat" });
    const again = await nearfold([...argv, "--json"]);
    expect(JSON.parse(again.out)).toMatchObject({ encoded: 0, vectors: format });
    const plain = await nearfold([...argv.slice(0, 4), "--vectors", "float32"]);
    expect(plain.code).toBe(2);
    expect(plain.err).toContain("keeps its vectors in another format");
  });

  it("with bits alone warns that they lose, and with how much", async () => {
    const argv = ["index", at("docs.jsonl"), "--model", at("model"), "--store", at("bits")];
    const { code, out, err } = await nearfold([...argv, "--vectors", "binary", "--json"]);
    expect(code).toBe(0);
    expect(err).toMatch(
      /Warning: binary finds [\d.]+ % of the ten nearest in a sample; binary\+int8/,
    );
    expect(err).toMatch(/Warning: its bits tell as much apart as \d+ independent ones would/);
    const { vectors, bytesPerVector, recall, warnings } = JSON.parse(out);
    expect({ vectors, bytesPerVector }).toEqual({ vectors: "binary", bytesPerVector: 4 });
    expect(recall).toBeLessThan(1);
    expect(warnings.length).toBeGreaterThan(0);
  });

  it.each([
    [["--vectors", "int4"], 'not a format of vectors (got "int4", wanted float32, int8, binary'],
    [["--vectors", "int8@33"], "was not trained for so many dimensions"],
    [["--vectors", "int8+binary"], "is not finer than what is searched"],
    [["--rescore", "4"], "wanted --vectors FORMAT beside it"],
  ])("refuses %j", async (options, message) => {
    const argv = [
      "index",
      at("docs.jsonl"),
      "--model",
      at("model"),
      "--store",
      at("refused"),
      ...options,
    ];
    const { code, err } = await nearfold(argv);
    expect(err).toContain(message);
    expect(code).toBe(2);
    expect(await readdir(folder.path)).not.toContain("refused");
  });

  it("of another model is refused, by index and by search", async () => {
    const indexed = await nearfold([
      "index",
      at("docs.jsonl"),
      "--model",
      at("plain"),
      "--store",
      at("index"),
    ]);
    const searched = await nearfold(["search", at("index"), "cat", "--model", at("plain")]);
    for (const { code, err } of [indexed, searched]) {
      expect(err).toContain("these vectors are of another space");
      expect(code).toBe(2);
    }
  });

  it("whose model went away says so", async () => {
    await cp(at("index"), at("elsewhere", "index"), { recursive: true });
    const { code, err } = await nearfold(["search", at("elsewhere", "index"), "cat"]);
    expect(err).toContain("cannot read: no such file or folder");
    expect(code).toBe(2);
    const named = await nearfold([
      "search",
      at("elsewhere", "index"),
      "cat",
      "--model",
      at("model"),
    ]);
    expect(named.code).toBe(0);
  });
});

it("doctor: text and one JSON object", async () => {
  const [text, json] = [await nearfold(["doctor"]), await nearfold(["doctor", "--json"])];
  expect(text.out).toMatch(/^nearfold +\d+\.\d+/);
  const { cores, providers, findings } = JSON.parse(json.out);
  expect(cores.allowed).toBeGreaterThan(0);
  expect(providers).toContain("cpu");
  for (const { text: said } of findings) expect(text.out).toContain(said);
});

it("the program starts as a process", () => {
  const main = fileURLToPath(new URL("main.ts", import.meta.url));
  const spawned = spawnSync(process.execPath, [main, "--version"], { encoding: "utf8" });
  expect(spawned).toMatchObject({ status: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
  expect(spawnSync(process.execPath, [main, "nothing"]).status).toBe(2);
});
