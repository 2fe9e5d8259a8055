import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startService } from "../../test/embeddings-service.ts";
import { jsonl, nearfold } from "../../test/nearfold.ts";
import { temporaryFolder } from "../../test/temporary.ts";
import { tinyBert, tinyStatic } from "../../test/tiny-models.ts";
import { keyOf, openVectorCache } from "../distill/vector-cache.ts";
import { openEncoder } from "../encoder/index.ts";
import { loadModel, saveModel } from "../models/index.ts";
import { locateModel } from "../models/load.ts";

const words = ["fox", "dog", "space", "vector", "text", "word", "lazy", "quick", "brown", "number"];
const sentences = words.flatMap((a) =>
  words.flatMap((b) => [`the ${a} of one ${b} may be compared`, `a ${a}, ${b}`]),
);
const quick = ["--epochs", "2", "--batch-size", "16", "--learning-rate", "1e-3"];

const main = fileURLToPath(new URL("main.ts", import.meta.url));

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
const at = (...names: readonly string[]) => join(folder.path, ...names);
const distill = (...argv: readonly string[]) =>
  nearfold(["distill", "--teacher-cache", at("cache"), ...quick, ...argv]);

beforeAll(async () => {
  folder = await temporaryFolder();
  await saveModel(at("teacher"), tinyBert());
  await saveModel(at("static"), tinyStatic());
  await folder.write("texts.jsonl", jsonl(sentences.map((text) => ({ text }))));
  await folder.write("more.txt", "a text of its own\nand another\n");
  await folder.write("empty.jsonl", "");
  await folder.write("docs.jsonl", jsonl(sentences.map((text, i) => ({ id: `d${i}`, text }))));
});

afterAll(() => folder[Symbol.asyncDispose]());

describe("layers", () => {
  test("half of the layers, the vectors asked for once, an index that it may query", async () => {
    const data = ["--data", at("texts.jsonl"), at("more.txt")];
    const argv = ["--layers", "1", ...data, "--out", at("small"), "--epochs", "16", "--json"];
    const ran = await distill(at("teacher"), ...argv);
    expect(ran.err).toContain("computed");
    expect(ran.code, ran.err).toBe(0);
    const said = JSON.parse(ran.out);
    expect(said).toMatchObject({ student: "layers 0", dims: [32] });
    expect(said.texts + said.heldOut).toBe(202);
    // Before, it is below 0.2.
    expect(said.agreement.cosine).toBeGreaterThan(0.8);
    const { card, configJson } = await loadModel(at("small"));
    expect(configJson.num_hidden_layers).toBe(1);
    expect(card.fitted).toMatchObject({ teacher: "teacher", agreement: said.agreement });
    expect(card.lineage).toMatchObject({ base: "teacher", training: { student: "layers 0" } });

    const again = await distill(at("teacher"), "--layers", "0,1", ...data, "--out", at("same"));
    expect(again.code, again.err).toBe(0);
    expect(again.err).toContain("0 vectors of teacher computed");

    await nearfold(["index", at("docs.jsonl"), "--model", at("teacher"), "--store", at("index")]);
    const asked = ["search", at("index"), "the fox of one dog", "--model"];
    const found = await nearfold([...asked, at("small"), "--json"]);
    expect(found.code, found.err).toBe(0);
    expect(JSON.parse(found.out).hits).toHaveLength(10);
    expect(found.err).toContain("in the space of teacher, to which it was fitted");
    const refused = await nearfold([...asked, at("static")]);
    expect(refused.code).toBe(2);
    expect(refused.err).toContain("of another space");
    const added = await nearfold([
      "index",
      at("docs.jsonl"),
      "--model",
      at("small"),
      "--store",
      at("index"),
    ]);
    expect(added.err).toContain("of another space");
  });

  test("documents are learnt whole, and some of their sentences too", async () => {
    const documents = words.map((a) => ({
      id: a,
      text: words.map((b) => `The ${a} of one ${b} may be compared.`).join(" "),
    }));
    const path = await folder.write("documents.jsonl", jsonl(documents));
    const argv = [at("teacher"), "--layers", "1", "--data", path, "--epochs", "0", "--replace"];
    const textsOf = async (...more: readonly string[]) => {
      const ran = await distill(...argv, "--out", at("sentences"), "--json", ...more);
      expect(ran.code, ran.err).toBe(0);
      return JSON.parse(ran.out).texts;
    };
    expect(await textsOf()).toBe(4 * documents.length);
    expect(await textsOf("--sentences", "5")).toBe(6 * documents.length);
    expect(await textsOf("--sentences", "0")).toBe(documents.length);
  });

  test("a run that is stopped goes on", async () => {
    const argv = [
      at("teacher"),
      "--layers",
      "1",
      "--data",
      at("texts.jsonl"),
      "--out",
      at("resumed"),
    ];
    const full = ["distill", ...argv, "--teacher-cache", at("cache"), ...quick, "--json"];
    const stopped = await nearfold(full, { stopAt: '"step":1,' });
    expect(stopped.code).toBe(130);
    const refused = await nearfold(full);
    expect(refused.err).toContain("--resume");
    const resumed = await nearfold([...full, "--resume"]);
    expect(resumed.code, resumed.err).toBe(0);
    const whole = await nearfold(full.map((arg) => (arg === at("resumed") ? at("whole") : arg)));
    const spaceOf = async (name: string) => (await loadModel(at(name))).card.space.id;
    expect(whole.code, whole.err).toBe(0);
    expect(await spaceOf("resumed")).toBe(await spaceOf("whole"));
  });

  test("no longer than it may take; Matryoshka; another objective", async () => {
    const objective = '{"name": "sum", "losses": ["mse", "relative-ranking"]}';
    const ran = await distill(
      ...[at("teacher"), "--layers", "1", "--data", at("texts.jsonl"), "--out", at("timed")],
      ...["--max-minutes", "0.0001", "--matryoshka", "8", "--objective", objective, "--json"],
    );
    expect(ran.code, ran.err).toBe(0);
    expect(JSON.parse(ran.out).dims).toEqual([32, 8]);
    const [, steps] = /"type":"done".*?"steps":(\d+)/.exec(ran.err) ?? [];
    expect(Number(steps)).toBeLessThan(22);
  });
});

test("the teacher itself as it is rounded: nearer than by rounding alone, and in its space", async () => {
  const argv = [at("teacher"), "--weights", "int4-block32", "--data", at("texts.jsonl")];
  const ran = await distill(...argv, "--out", at("rounded"), "--epochs", "8", "--json");
  expect(ran.code, ran.err).toBe(0);
  const { student, before, agreement } = JSON.parse(ran.out);
  expect(student).toBe("itself");
  expect(agreement.cosine).toBeGreaterThan(before.cosine);
  await using encoder = await openEncoder(at("rounded"));
  expect(encoder.fitted).toMatchObject({ teacher: "teacher", agreement });
  const { card, formats } = await locateModel(at("rounded"));
  expect(card.lineage.training).toMatchObject({ student: "itself", weights: "int4-block32" });
  expect(new Set([...formats!.values()].map(({ name }) => name))).toEqual(
    new Set(["int4-block32", "int8-rows"]),
  );
  const wide = await distill(...argv, "--weights", "int4-block128", "--out", at("wide-blocks"));
  expect(wide.code).toBe(2);
  expect(wide.err).toContain("int4-block128 does not fit these rows");
});

describe("other students", () => {
  const config = (more: object) => {
    const { configJson } = tinyBert();
    const narrow = { hidden_size: 16, num_hidden_layers: 1, num_attention_heads: 2 };
    return JSON.stringify({ ...configJson, ...narrow, intermediate_size: 32, ...more });
  };

  test("a bag of tokens, narrower than its teacher: what it begins with, and what training adds", async () => {
    const argv = ["--static", "--dims", "24", "--data", at("texts.jsonl"), "--out", at("bag")];
    const ran = await distill(at("teacher"), ...argv, "--epochs", "20", "--json");
    expect(ran.code, ran.err).toBe(0);
    const { before, agreement, student } = JSON.parse(ran.out);
    expect(student).toBe("static");
    expect(agreement.cosine).toBeGreaterThan(before.cosine);
    const { card, configJson, architecture } = await loadModel(at("bag"));
    expect(architecture.module).toBe("StaticEmbedding");
    expect(configJson.hidden_size).toBe(24);
    // It is of no space but its own.
    expect(card.fitted).toBeUndefined();
  });

  test("another shape, from nothing", async () => {
    const path = await folder.write("narrow.json", config({}));
    const argv = ["--arch", path, "--data", at("texts.jsonl"), "--out", at("narrow"), "--json"];
    const ran = await distill(at("teacher"), ...argv);
    expect(ran.code, ran.err).toBe(0);
    const { agreement, before, dims } = JSON.parse(ran.out);
    expect(dims).toEqual([16]);
    expect(agreement.cosine).toBeGreaterThan(before.cosine);
  });

  test("the same with a way into the teacher's space, which it may then query", async () => {
    const path = await folder.write("narrow.json", config({}));
    const argv = ["--arch", path, "--project", "--data", at("texts.jsonl"), "--out", at("wide")];
    const long = ["--epochs", "24", "--learning-rate", "5e-3", "--json"];
    const ran = await distill(at("teacher"), ...argv, ...long);
    expect(ran.code, ran.err).toBe(0);
    const { dims, agreement } = JSON.parse(ran.out);
    expect(dims).toEqual([32]);
    expect(agreement.cosine).toBeGreaterThan(0.5);
    const { card, head } = await loadModel(at("wide"));
    expect(head.layers.map(({ type }) => type)).toEqual(["dense", "normalize"]);
    expect(card.fitted?.space.dims).toBe(32);
  });

  test.each([
    ["fewer tokens than the tokenizer", { vocab_size: 20 }, "fewer tokens than the teacher's"],
    ["an unknown architecture", { model_type: "gpt9" }, "unknown model_type"],
  ])("a config of %s is refused", async (_, more, message) => {
    const path = await folder.write("bad.json", config(more));
    const argv = ["--arch", path, "--data", at("texts.jsonl"), "--out", at("refused")];
    const ran = await distill(at("teacher"), ...argv);
    expect(ran.code).toBe(2);
    expect(ran.err).toContain(message);
  });
});

describe("a ranking", () => {
  const triplets = words.flatMap((a) =>
    words.map((b) => ({
      anchor: `which ${a} is ${b}`,
      positive: `the ${a} is ${b}`,
      negatives: [`the ${b} of one`, `no ${a} at all`],
    })),
  );

  test.each(["margin-mse", "distill-kl-div"])("%s learns the teacher's scores", async (name) => {
    const path = await folder.write("triplets.jsonl", jsonl(triplets));
    const argv = ["--layers", "1", "--data", path, "--out", at(name), "--objective", name];
    const ran = await distill(at("teacher"), ...argv, "--matryoshka", "16");
    expect(ran.code, ran.err).toBe(0);
    expect((await loadModel(at(name))).card.lineage.losses[0]).toContain(name);
  });

  test("pairs without hard negatives have nothing to rank", async () => {
    const pairs = triplets.map(({ anchor, positive }) => ({ anchor, positive }));
    const path = await folder.write("pairs.jsonl", jsonl(pairs));
    const argv = ["--layers", "1", "--data", path, "--out", at("refused")];
    const ran = await distill(at("teacher"), ...argv, "--objective", "margin-mse");
    expect(ran.code).toBe(2);
    expect(ran.err).toContain("pairs with hard negatives");
  });
});

test("no passes leave the student as it begins", async () => {
  const argv = ["--layers", "0,1", "--data", at("texts.jsonl"), "--out", at("as-it-is")];
  const ran = await distill(at("teacher"), ...argv, "--epochs", "0", "--json");
  expect(ran.code, ran.err).toBe(0);
  expect(JSON.parse(ran.out).agreement.cosine).toBeCloseTo(1, 5);
});

describe("a service as the teacher", () => {
  /** 32 numbers by the one that a text names. */
  const numbered = (text: string) =>
    Array.from({ length: 32 }, (_, i) => Math.fround(Math.sin(Number(text.split(" ")[1]) + i)));
  const keyFor = (url: string) => `${url}/embeddings large`;
  /** How many vectors a cache holds, all of them read and checked. */
  const cached = async (name: string, url: string) => {
    await using cache = await openVectorCache(at(name), keyFor(url));
    return cache.size;
  };

  test("its vectors are learnt, over failures, and asked for once", async () => {
    await using service = await startService((text) =>
      Array.from({ length: 32 }, (_, i) => Math.sin(text.length * (i + 1))),
    );
    service.fault = (n) => (n === 1 ? { status: 429, retryAfter: "0" } : undefined);
    const argv = [
      ...["distill", "--teacher-url", service.url, "--teacher-model", "large"],
      ...["--student", at("teacher"), "--data", at("texts.jsonl"), "--out", at("served")],
      ...["--teacher-cache", at("served-cache"), ...quick],
    ];
    const ran = await nearfold(argv);
    expect(ran.code, ran.err).toBe(0);
    expect(ran.err).toContain("large: status 429; again in 0 s");
    expect(service.answered.flat().sort()).toEqual(sentences.toSorted());
    const asked = service.requests;
    expect((await nearfold([...argv, "--replace"])).code).toBe(0);
    expect(service.requests).toBe(asked);
    const { card } = await loadModel(at("served"));
    expect(card.fitted).toBeUndefined();
    expect(card.lineage.base).toBe("large");
  });

  test("killed at any moment while it is asked, what it said is kept whole and not asked again", async () => {
    const many = Array.from({ length: 1500 }, (_, i) => `text ${i} of many`);
    const path = await folder.write("many.jsonl", jsonl(many.map((text) => ({ text }))));
    await using service = await startService(numbered);
    const argv = [
      ...["distill", "--teacher-url", service.url, "--teacher-model", "large", "--epochs", "0"],
      ...["--student", at("teacher"), "--data", path, "--out", at("killed")],
      ...["--teacher-cache", at("killed-cache")],
    ];
    let known = 0;
    for (const requests of [1, 14, 10]) {
      const child = spawn(process.execPath, [main, ...argv], { stdio: "ignore" });
      const closed = once(child, "close");
      const last = service.requests + requests;
      // It is killed with its last request unanswered, or in the midst of what an answer has set off.
      service.fault = (n) => void (n + 1 === last && child.kill("SIGKILL"));
      await closed;
      const size = await cached("killed-cache", service.url);
      expect(size).toBeGreaterThanOrEqual(known);
      known = size;
    }
    expect(known).toBeGreaterThan(500);
    service.fault = () => undefined;
    const before = service.answered.length;
    const ran = await nearfold(argv);
    expect(ran.code, ran.err).toBe(0);
    expect(service.answered.slice(before).flat()).toHaveLength(many.length - known);
    await using cache = await openVectorCache(at("killed-cache"), keyFor(service.url));
    for (const text of many) {
      expect([...cache.get(keyOf(text, "document"))!]).toEqual(numbered(text));
    }
  }, 60_000);

  test("another width half-way: what was said before stays, and is of use once it answers as before", async () => {
    const many = Array.from({ length: 700 }, (_, i) => `text ${i} of many`);
    const path = await folder.write("more.jsonl", jsonl(many.map((text) => ({ text }))));
    await using service = await startService(numbered);
    service.fault = (n) => {
      // In the second addition of texts to learn from.
      service.embed = n === 11 ? () => [1, 2] : numbered;
      return undefined;
    };
    const argv = [
      ...["distill", "--teacher-url", service.url, "--teacher-model", "large", "--epochs", "0"],
      ...["--student", at("teacher"), "--data", path, "--out", at("wavering")],
      ...["--teacher-cache", at("wavering-cache")],
    ];
    const ran = await nearfold(argv);
    expect(ran.code).toBe(2);
    expect(ran.err).toMatch(/changed the width of its vectors .*got 2, wanted 32/);
    const known = await cached("wavering-cache", service.url);
    expect(known).toBeGreaterThan(512);
    const before = service.answered.length;
    expect((await nearfold(argv)).code).toBe(0);
    expect(service.answered.slice(before).flat()).toHaveLength(many.length - known);
  });

  test("one that gives up half-way leaves what it said", async () => {
    await using service = await startService(() => [1, 2]);
    service.fault = (n) => (n > 0 ? { status: 400 } : undefined);
    const ran = await nearfold([
      ...["distill", "--teacher-url", service.url, "--teacher-model", "large"],
      ...["--student", at("teacher"), "--data", at("texts.jsonl"), "--out", at("none")],
      ...["--teacher-cache", at("half-cache")],
    ]);
    expect(ran.code).toBe(2);
    expect(ran.err).toContain("the service refuses (got status 400");
  });
});

describe("a quantized teacher", () => {
  beforeAll(async () => {
    const docs = ["--data", at("docs.jsonl"), "--agreement", "0.9", "--out", at("int8")];
    const ran = await nearfold(["quantize", at("teacher"), "--weights", "int8", ...docs]);
    expect(ran.code, ran.err).toBe(0);
  });

  test.each([
    ["another student", () => ["--student", at("teacher")]],
    ["a bag of tokens", () => ["--static", "--dims", "16"]],
  ])("teaches %s", async (name, student) => {
    const out = ["--out", at(`of-int8-${name}`), "--json"];
    const ran = await distill(
      ...[at("int8"), ...student(), "--data", at("texts.jsonl"), ...out],
      ...["--teacher-cache", at("int8-cache")],
    );
    expect(ran.code, ran.err).toBe(0);
    expect(JSON.parse(ran.out).agreement.overlap).toBeGreaterThan(0.3);
  });

  test("has no layers that could be trained", async () => {
    const argv = ["--layers", "1", "--data", at("texts.jsonl"), "--out", at("refused")];
    const ran = await distill(at("int8"), ...argv);
    expect(ran.code).toBe(2);
    expect(ran.err).toContain("a quantized model cannot be changed");
    expect(ran.err).toContain("Take the model that it was made of");
  });
});

test("a teacher that is a graph of another program", async () => {
  const graph = at("teacher", "onnx", "model.onnx");
  const argv = ["--static", "--data", at("texts.jsonl"), "--out", at("of-graph"), "--json"];
  const ran = await distill(graph, ...argv, "--teacher-cache", at("graph-cache"));
  expect(ran.code, ran.err).toBe(0);
  expect(JSON.parse(ran.out).agreement.cosine).toBeGreaterThan(0.5);
  const cut = await distill(
    ...[graph, "--layers", "1", "--data", at("texts.jsonl"), "--out", at("refused")],
  );
  expect(cut.code).toBe(2);
  expect(cut.err).toContain("an imported graph");
});

const texts = () => ["--data", at("texts.jsonl")];
const refused: [string, () => readonly string[], string][] = [
  ["no teacher", () => ["--layers", "1", ...texts()], "one teacher is needed"],
  [
    "two teachers",
    () => [at("teacher"), "--teacher-url", "http://x", "--teacher-model", "m", ...texts()],
    "one teacher is needed",
  ],
  ["no student", () => [at("teacher"), ...texts()], "nothing says what the student is"],
  [
    "more layers than there are",
    () => [at("teacher"), "--layers", "3", ...texts()],
    "wanted 1 to 2",
  ],
  [
    "a layer that is not there",
    () => [at("teacher"), "--layers", "0,2", ...texts()],
    "some of 0 to 1",
  ],
  ["no number", () => [at("teacher"), "--layers", "x", ...texts()], "Not a number of layers"],
  ["a teacher without layers", () => [at("static"), "--layers", "1", ...texts()], "no layers that"],
  [
    "a bag wider than its teacher",
    () => [at("teacher"), "--static", "--dims", "64", ...texts()],
    "the student is wider than the teacher",
  ],
  ["no data", () => [at("teacher"), "--layers", "1", "--data", at("empty.jsonl")], "file is empty"],
  [
    "an objective that asks no teacher",
    () => [at("teacher"), "--layers", "1", ...texts(), "--objective", "cosent"],
    "not learnt from a teacher's vectors",
  ],
  [
    "prefixes wider than the vectors",
    () => [at("teacher"), "--layers", "1", ...texts(), "--matryoshka", "64"],
    "wanted at most 32",
  ],
  [
    "a service that shows no layers",
    () => ["--teacher-url", "http://x", "--teacher-model", "m", "--layers", "1", ...texts()],
    "a service shows nothing of its model",
  ],
];

test.each(refused)("%s: one clear error", async (_, argv, message) => {
  const ran = await nearfold(["distill", ...argv(), "--out", at("refused")]);
  expect(ran.code).toBe(2);
  expect(ran.err).toContain(message);
});
