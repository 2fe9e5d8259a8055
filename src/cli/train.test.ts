import { createHash } from "node:crypto";
import { cp, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { jsonl, nearfold } from "../../test/nearfold.ts";
import { temporaryFolder } from "../../test/temporary.ts";
import { tinyBert, tinyLlama, tinyStatic } from "../../test/tiny-models.ts";
import { configReader } from "../models/config.ts";
import { loadModel, locateModel } from "../models/load.ts";
import type { Model } from "../models/model.ts";
import { withAdapter } from "../models/peft.ts";
import { architectures } from "../models/registry.ts";
import { saveModel } from "../models/save.ts";
import { recipeFor, recipes } from "./recipes.ts";
import { lossNames } from "./training-loss.ts";

const colours = ["red", "green", "blue", "white"];
const things = ["cat", "house", "river", "stone", "bird"];
const each = <Row>(row: (colour: string, thing: string, i: number) => Row) =>
  colours.flatMap((colour, i) => things.map((thing, j) => row(colour, thing, 5 * i + j)));
const pairs = each((colour, thing) => ({
  anchor: `which ${thing} is ${colour}`,
  positive: `the ${colour} ${thing}`,
}));
const files: Readonly<Record<string, string>> = {
  "pairs.jsonl": jsonl(pairs),
  "more.jsonl": jsonl(each((colour, thing) => [`a ${thing}`, `${colour} as a ${thing}`])),
  "triplets.jsonl": jsonl(
    pairs.map((pair, i) => ({ ...pair, negative: pairs[(i + 7) % 20].positive })),
  ),
  "classes.jsonl": jsonl(
    each((colour, thing) => ({ text: `${thing} of ${colour}`, label: colour })),
  ),
  "scored.jsonl": jsonl(
    each((colour, thing, i) => ({
      sentence1: `a ${colour} ${thing}`,
      sentence2: `the ${colours[i % 3]} ${thing}`,
      score: i % 3,
    })),
  ),
  "half-scored.jsonl": jsonl([
    { sentence1: "a", sentence2: "b", score: 1 },
    { sentence1: "a", sentence2: "c" },
    { sentence1: "a", sentence2: "d", score: 2 },
  ]),
  "texts.txt": "a red cat\na stone",
  "flat.jsonl": jsonl([{ sentence1: "a", sentence2: "b", score: 1 }]),
};

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
const at = (...names: readonly string[]) => join(folder.path, ...names);

/** The tiny Llama with its table as output head too, as a language model has it. */
function languageModel(): Model {
  const model = tinyLlama();
  const configJson = { ...model.configJson, tie_word_embeddings: true };
  const config = model.architecture.parseConfig(configReader(configJson, "test"));
  return { ...model, configJson, config };
}

beforeAll(async () => {
  folder = await temporaryFolder();
  await Promise.all([
    ...Object.entries(files).map(([name, text]) => folder.write(name, text)),
    saveModel(at("llama"), languageModel()),
    saveModel(at("bert"), tinyBert()),
    saveModel(at("static"), tinyStatic()),
    cp(fileURLToPath(new URL("../../test/goldens/peft", import.meta.url)), at("foreign"), {
      recursive: true,
    }),
  ]);
});
afterAll(() => folder[Symbol.asyncDispose]());

const quick = ["--batch-size", "8", "--epochs", "1"];

/** Trains to a folder; with its model, its events and what it said at the end. */
async function trained(name: string, ...argv: readonly string[]) {
  const ran = await nearfold(["train", ...argv, "--out", at(name), ...quick, "--json"]);
  expect(ran.err.split("\n").filter((line) => line.startsWith("error: "))).toEqual([]);
  expect(ran.code).toBe(0);
  const lines = ran.err.trim().split("\n");
  const events = lines.map((line): Record<string, unknown> => JSON.parse(line));
  const loss = events.find(({ type }) => type === "step")?.loss as number;
  const outcome = JSON.parse(ran.out);
  const notes = events.flatMap(({ text }) => (typeof text === "string" ? [text] : []));
  return { model: await loadModel(at(name)), events, notes, loss, outcome };
}

const adapting = () => ["--base", at("llama"), "--lora", "4", "--learning-rate", "0.01"];

it("trains weights as they will be rounded, and saves them so", async () => {
  const argv = [
    at("pairs.jsonl"),
    "--base",
    at("bert"),
    "--weights",
    "int8",
    "--dev",
    at("pairs.jsonl"),
  ];
  const ran = await nearfold(["train", ...argv, "--out", at("rounded"), ...quick, "--json"]);
  expect(ran.code, ran.err).toBe(0);
  const { formats, card } = await locateModel(at("rounded"));
  expect(new Set([...formats!.values()].map(({ name }) => name))).toEqual(
    new Set(["int8", "int8-rows"]),
  );
  expect(card.lineage.training).toMatchObject({ weights: "int8", epochs: 1 });
  // What was judged is what is saved.
  const scored = await nearfold(["eval", at("rounded"), "--pairs", at("pairs.jsonl"), "--json"]);
  expect(JSON.parse(scored.out).metrics["ndcg@10"].mean).toBeCloseTo(
    card.lineage.metrics["ndcg@10"],
  );
});

describe("--precision int8", () => {
  it("trains, and the card says so; another precision does not go on from it", async () => {
    const base = ["--base", at("bert"), "--learning-rate", "0.001"];
    const float = await trained("in-float32", at("pairs.jsonl"), ...base);
    const { model, loss } = await trained(
      "in-int8",
      at("pairs.jsonl"),
      ...base,
      ...["--precision", "int8"],
    );
    expect(loss).not.toBe(float.loss);
    expect(loss).toBeCloseTo(float.loss, 1);
    expect(model.card.lineage.training).toMatchObject({ precision: "int8" });
    expect(float.model.card.lineage.training).not.toHaveProperty("precision");
    const again = [at("pairs.jsonl"), ...base, ...quick, "--out", at("int8-stopped")];
    const stopped = await nearfold(["train", ...again, "--precision", "int8", "--json"], {
      stopAt: '"type":"step"',
    });
    expect(stopped.code).toBe(130);
    const other = await nearfold(["train", ...again, "--resume"]);
    expect(other.err).toContain("the checkpoint is of another run");
  });

  it("beside adapters: a quantized folder is a base, and stays codes", async () => {
    const quantize = ["quantize", at("llama"), "--data", at("texts.txt"), "--agreement", "0.5"];
    const { code } = await nearfold([...quantize, "--out", at("llama-int8")]);
    expect(code).toBe(0);
    const argv = ["--base", at("llama-int8"), "--lora", "4", "--learning-rate", "0.01"];
    const { model } = await trained("beside-codes", at("pairs.jsonl"), ...argv);
    expect(model.formats).toBeUndefined();
    expect(model.card.lineage.base).toBe("llama-int8");
    const rounded = await trained(
      "floats-in-int8",
      at("pairs.jsonl"),
      ...adapting(),
      ...["--precision", "int8"],
    );
    expect(rounded.model.card.lineage.training).toMatchObject({ precision: "int8" });
    const whole = await nearfold([
      "train",
      at("pairs.jsonl"),
      "--base",
      at("llama-int8"),
      "--out",
      at("no"),
    ]);
    expect(whole.err).toContain("a quantized model cannot be changed");
    expect(whole.err).toContain("--lora");
  });
});

describe("adapters", () => {
  const argv = () => [
    at("pairs.jsonl"),
    ...adapting(),
    ...["--attention", "bidirectional", "--pooling", "lasttoken", "--max-tokens", "40"],
    ...["--query-prompt", "find: ", "--document-prompt", ""],
  ];

  it("of a decoder that sees both sides: merged in the model, and alone for PEFT", async () => {
    const { model, events, outcome } = await trained("both-sides", ...argv());
    expect(outcome).toMatchObject({ objective: "contrastive", pairs: 20, dims: [32, 16] });
    expect(model).toMatchObject({
      configJson: { is_causal: false },
      head: { pooling: ["lasttoken"] },
      maxTokens: 40,
      prompts: { query: "find: ", document: "" },
    });
    expect(model.card.lineage).toMatchObject({
      base: "llama",
      training: {
        ...{ objective: "contrastive", attention: "bidirectional", pooling: "lasttoken" },
        lora: "rank 4, alpha 8, all-linear",
      },
    });
    expect(await readFile(at("both-sides", "README.md"), "utf8")).toContain("| lora | rank 4");
    const base = await loadModel(at("llama"));
    const preflight = events.find(({ type }) => type === "preflight")!;
    const sizes = [...base.weights.values()].map(({ data }) => data.length);
    expect(preflight.modelParameters).toBe(sizes.reduce((a, b) => a + b));
    expect(preflight.parameters).toBeLessThan(0.2 * (preflight.modelParameters as number));
    const again = await withAdapter(base, at("both-sides", "adapter"));
    for (const [name, { data }] of model.weights) {
      expect(again.weights.get(name)!.data, name).toEqual(data);
    }
    const q = "layers.0.self_attn.q_proj.weight";
    expect(model.weights.get(q)!.data).not.toEqual(base.weights.get(q)!.data);
    const { code, out } = await nearfold(["embed", at("both-sides"), at("texts.txt")]);
    expect([code, out.trim().split("\n").length]).toEqual([0, 2]);
  });

  it("can be merged into the base first, and trained on", async () => {
    const first = await trained("first", at("pairs.jsonl"), ...adapting());
    const onTop = ["--base", at("llama"), "--adapter", at("first", "adapter")];
    const whole = await trained("whole", at("pairs.jsonl"), "--base", at("first"));
    const merged = await trained("merged", at("pairs.jsonl"), ...onTop);
    expect(merged.loss).toBeCloseTo(whole.loss, 5);
    expect(merged.loss).toBeLessThan(first.loss);
    expect(merged.model.card.lineage.base).toBe("llama + adapter");
    expect(await readdir(at("merged"))).not.toContain("adapter");
    const again = await trained("again", at("pairs.jsonl"), ...onTop, "--lora", "2");
    expect(again.loss).toBeCloseTo(whole.loss, 5);
  });

  it("on top of others are saved as one with them, which belongs to the base", async () => {
    await trained("below", at("pairs.jsonl"), ...adapting());
    const onTop = ["--base", at("llama"), "--adapter", at("below", "adapter"), "--lora", "2"];
    const { model } = await trained("on-top", at("pairs.jsonl"), ...onTop);
    const config = JSON.parse(
      await readFile(at("on-top", "adapter", "adapter_config.json"), "utf8"),
    );
    expect(config).toMatchObject({ r: 4 + 2, base_model_name_or_path: "llama" });
    const again = await withAdapter(await loadModel(at("llama")), at("on-top", "adapter"));
    for (const [name, { data }] of model.weights) {
      expect(again.weights.get(name)!.data, name).toBeClose(data, { rtol: 1e-5, atol: 1e-6 });
    }
    // Beside weights that it is part of already it would count twice.
    const twice = ["--base", at("on-top"), "--adapter", at("on-top", "adapter")];
    const typed = ["train", at("pairs.jsonl"), ...twice, "--out", at("twice"), ...quick];
    const { code, err } = await nearfold(typed);
    expect([code, err]).toEqual([2, expect.stringMatching(/another base \(got another .*weight/)]);
  });

  it("go to the layers that are named, and count as much as is said", async () => {
    const named = ["--lora-targets", "q_proj, v_proj", "--lora-alpha", "4"];
    await trained("named", at("pairs.jsonl"), ...adapting(), ...named);
    const config = JSON.parse(
      await readFile(at("named", "adapter", "adapter_config.json"), "utf8"),
    );
    expect(config).toMatchObject({ lora_alpha: 4, target_modules: ["q_proj", "v_proj"] });
  });

  it("of a run that was stopped go on to the same bytes", async () => {
    const typed = (out: string) => ["train", ...argv(), "--out", at(out), ...quick];
    const stopped = await nearfold([...typed("stopped"), "--json"], { stopAt: '"done":1,' });
    expect(stopped.code).toBe(130);
    expect(await nearfold([...typed("stopped"), "--resume"])).toMatchObject({ code: 0 });
    const whole = await nearfold(typed("unstopped"));
    expect(whole.err).toMatch(/ 0\.\d{3} M of 0\.\d{3} M parameters, 3 steps/);
    expect(whole.out).toContain(`alone are in ${at("unstopped", "adapter")}, for PEFT`);
    const bytes = (name: string) =>
      readFile(at(name, "adapter", "adapter_model.safetensors"), "base64");
    expect(await bytes("stopped")).toBe(await bytes("unstopped"));
  });
});

describe("data sets", () => {
  it("several, each batch of one: losses, prompts and names are the task file's", async () => {
    const tasks = [
      { data: "pairs.jsonl" },
      { data: "classes.jsonl", loss: "batch-all-triplet", name: "colours" },
      {
        data: "scored.jsonl",
        loss: { name: "matryoshka", loss: "cosent", dims: [32, 16, 8] },
        prompts: { query: "q: ", document: "d: " },
      },
    ];
    const path = await folder.write("tasks.json", JSON.stringify({ tasks }));
    const argv = ["--tasks", path, "--base", at("bert"), "--mixture-temperature", "3"];
    const { model, outcome, notes, events } = await trained("tasks", ...argv);
    expect(outcome).toMatchObject({ pairs: 60, heldOut: 0, dims: [32, 16] });
    expect(events.find(({ type }) => type === "preflight")).toMatchObject({ totalSteps: 8 });
    expect(notes.join("\n")).toContain("20 pairs are too few to hold some out");
    const sha256 = (name: string) => createHash("sha256").update(files[name]).digest("hex");
    expect(model.card.lineage).toMatchObject({
      data: [
        { name: "pairs.jsonl", rows: 20, sha256: sha256("pairs.jsonl") },
        { name: "colours", rows: 20, sha256: sha256("classes.jsonl") },
        { name: "scored.jsonl", rows: 20 },
      ],
      losses: [
        "pairs.jsonl: Matryoshka(32, 16) of InfoNCE, symmetric, temperature 0.05",
        "colours: Matryoshka(32, 16) of batch-all-triplet",
        'scored.jsonl: {"name":"matryoshka","loss":"cosent","dims":[32,16,8]}',
      ],
      training: { mixtureTemperature: 3 },
    });
  });

  it("as files, by one loss; a list of tasks needs no object around it", async () => {
    const named = await trained("two", at("pairs.jsonl"), at("more.jsonl"), "--base", at("static"));
    const path = await folder.write(
      "list.json",
      JSON.stringify([{ data: "pairs.jsonl" }, { data: at("more.jsonl") }]),
    );
    const listed = await trained("list", "--tasks", path, "--base", at("static"));
    expect(listed.model.weights).toEqual(named.model.weights);
    expect(named.model.card.lineage.losses).toHaveLength(1);
    expect(named.model.card.lineage.data).toHaveLength(2);
  });

  it("of pairs give some to measure on that share no text with the rest", async () => {
    const rows = Array.from({ length: 220 }, (_, i) => [`ask ${i}`, `say ${i}`]);
    await folder.write("a.jsonl", jsonl(rows));
    await folder.write(
      "b.jsonl",
      jsonl([...rows.slice(0, 20), ...rows.map(([a, b]) => [a, `${b} too`])]),
    );
    const { outcome } = await trained("held", at("a.jsonl"), at("b.jsonl"), "--base", at("static"));
    expect(outcome.pairs + outcome.heldOut).toBe(460);
    expect(outcome.metrics["ndcg@10"].mean).toBeGreaterThan(0);
  });

  it("whose pairs all hang together are trained on whole", async () => {
    const chain = Array.from({ length: 420 }, (_, i) => [`word ${i}`, `word ${i + 1}`]);
    const path = await folder.write("chain.jsonl", jsonl(chain));
    const { notes, outcome } = await trained("chain", path, "--base", at("static"));
    expect(notes[0]).toMatch(/^the pairs share too many texts to hold some out: nothing/);
    expect(outcome).toMatchObject({ pairs: 420, heldOut: 0 });
  });

  it.each<[string, string, string[], string[]]>([
    ["a name", "triplets.jsonl", ["--loss", "triplet"], ["triplet"]],
    [
      "JSON with options",
      "scored.jsonl",
      ["--loss", '{"name": "cosent", "temperature": 0.1}'],
      ['{"name":"cosent","temperature":0.1}'],
    ],
    [
      "InfoNCE of a temperature",
      "pairs.jsonl",
      ["--temperature", "0.2", "--matryoshka", "48,24"],
      ["Matryoshka(48, 24) of InfoNCE, symmetric, temperature 0.2"],
    ],
  ])("by a loss as %s", async (name, file, argv, losses) => {
    const base = ["--base", at("static"), "--matryoshka", "48"];
    const { model } = await trained(`loss ${name}`, at(file), ...base, ...argv);
    expect(model.card.lineage.losses).toEqual(losses);
  });

  it("labelled, without anything to measure on: says that nothing is measured", async () => {
    const argv = [at("scored.jsonl"), "--base", at("static"), "--loss", "cosent"];
    const { notes, model } = await trained("unmeasured", ...argv);
    expect(notes).toContain(
      "labelled rows are not held out: nothing will be measured. --dev names pairs to measure on, --sts scored sentences",
    );
    expect(model.card.lineage.metrics).toEqual({});
  });

  it("labelled, trained as pairs: says that the labels are not read", async () => {
    const { notes } = await trained("unread", at("scored.jsonl"), "--base", at("static"));
    expect(notes[0]).toMatch(/^scored\.jsonl: 20 rows have a label, which this loss does not read/);
  });

  it("one of them without hard negatives: says that the others' are not read", async () => {
    const rows = pairs.map((pair, i) => (i === 3 ? pair : { ...pair, negative: "the same cat" }));
    const path = await folder.write("poorer.jsonl", jsonl(rows));
    const { notes, events } = await trained("poorer", path, "--base", at("static"));
    expect(notes[0]).toBe(
      "poorer.jsonl: 0 negatives a row are read, and 19 rows have more: row 4 has 0",
    );
    expect(events.find(({ type }) => type === "step")).toMatchObject({ totalSteps: 3 });
  });

  it("with --skip-bad leave out what the loss cannot read", async () => {
    const argv = [at("half-scored.jsonl"), at("scored.jsonl"), "--base", at("static")];
    const path = ["--loss", "cosent", "--skip-bad"];
    const { outcome } = await trained("half", ...argv, ...path);
    expect(outcome).toMatchObject({ pairs: 22, skipped: 1 });
  });
});

describe("the best step is chosen by", () => {
  it("sentence pairs with scores", async () => {
    const argv = [at("scored.jsonl"), "--base", at("bert"), "--loss", "cosent"];
    const sts = ["--sts", at("scored.jsonl"), "--evaluate-every", "1", "--dropout"];
    const { events, outcome, model } = await trained("sts", ...argv, ...sts);
    const scores = events.flatMap(({ type, score }) => (type === "evaluation" ? [score] : []));
    expect(scores).toHaveLength(3);
    expect(outcome).toMatchObject({ sentencePairs: 20, heldOut: 0 });
    expect(outcome.metrics.spearman.mean).toBeCloseTo(Math.max(...(scores as number[])), 6);
    expect(model.card.lineage.metrics.spearman).toBe(outcome.metrics.spearman.mean);
    expect(model.card.lineage.training).toMatchObject({ dropout: true });
  });

  it("pairs, beside BM25", async () => {
    const argv = [at("pairs.jsonl"), "--base", at("static"), "--dev", at("more.jsonl")];
    const { outcome, events } = await trained("dev", ...argv, "--chunk-size", "3");
    const evaluation = events.find(({ type }) => type === "evaluation")!;
    expect(outcome.metrics["ndcg@10"].mean).toBeCloseTo(evaluation.score as number, 6);
    expect(outcome).toMatchObject({ heldOut: 20, bm25: { "ndcg@10": {} } });
  });
});

describe("masked next tokens", () => {
  it("teach a decoder both sides, and what comes of it is a base", async () => {
    const argv = [at("triplets.jsonl"), at("classes.jsonl"), ...adapting()];
    const masked = ["--objective", "masked-next-token", "--mask-share", "0.5"];
    const { model, events, outcome } = await trained("masked", ...argv, ...masked);
    expect(outcome).toMatchObject({ objective: "masked-next-token", dims: [32] });
    // 20 anchors and 20 positives, among which the negatives are, and 20 texts of classes.
    expect(events.find(({ type }) => type === "preflight")).toMatchObject({ pairs: 60 });
    expect(model.configJson.is_causal).toBe(false);
    expect(model.card.lineage).toMatchObject({
      losses: [],
      training: { objective: "masked-next-token", maskShare: 0.5 },
    });
    const next = await trained("embedder", at("pairs.jsonl"), "--base", at("masked"));
    expect(next.model.configJson.is_causal).toBe(false);
    expect(next.model.card.lineage.base).toBe("masked");
  });

  it("may be learnt causally where somebody wants that; what is next is said", async () => {
    const argv = [at("pairs.jsonl"), ...adapting(), "--attention", "causal"];
    const masked = ["--objective", "masked-next-token", "--out", at("causal")];
    const { out } = await nearfold(["train", ...argv, ...masked, ...quick]);
    expect(out).toContain(
      `Next: nearfold train pairs.jsonl --base ${at("causal")} --lora 4 --out embedder/`,
    );
    expect((await loadModel(at("causal"))).configJson.is_causal).toBe(true);
  });
});

describe("a mistake is one clear line, before anything is trained", () => {
  const list = (tasks: unknown) => ["--tasks", `json:${JSON.stringify(tasks)}`];
  const data = () => at("pairs.jsonl");
  const base = () => ["--base", at("llama")];
  const masked = () => [data(), ...base(), "--objective", "masked-next-token"];
  it.each<[string, () => readonly string[], string]>([
    ["nothing to train on", () => base(), "there is nothing to train on (wanted PAIRS.jsonl"],
    [
      "files beside tasks",
      () => [data(), ...list([{ data: "pairs.jsonl" }])],
      "--tasks: its data sets are all there are (got ",
    ],
    [
      "adapters of nothing",
      () => [data(), "--lora", "4"],
      "--lora: it does nothing here (wanted --base MODEL)",
    ],
    [
      "attention of nothing",
      () => [data(), "--attention", "causal"],
      "--attention: it does nothing here (wanted --base MODEL)",
    ],
    [
      "a revision of nothing",
      () => [data(), "--revision", "main"],
      "--revision: it does nothing here (wanted --base ORG/NAME)",
    ],
    [
      "adapters of rounded weights",
      () => [data(), ...base(), "--lora", "4", "--weights", "int8"],
      "--weights: it does nothing here (wanted all weights trained: no --lora)",
    ],
    [
      "alpha without adapters",
      () => [data(), ...base(), "--lora-alpha", "8"],
      "--lora-alpha: it does nothing here (wanted --lora RANK)",
    ],
    [
      "targets without adapters",
      () => [data(), ...base(), "--lora-targets", "q_proj"],
      "--lora-targets: it does nothing here (wanted --lora RANK)",
    ],
    ["no rank", () => [data(), ...base(), "--lora", "0"], "Not a whole number of at least 1"],
    [
      "a rank beyond the layers'",
      () => [data(), ...base(), "--lora", "999999999"],
      "no adapted layer can have this rank (got 999999999, wanted a whole number from 1 to 32)",
    ],
    ["no targets", () => [data(), ...base(), "--lora", "4", "--lora-targets", ","], "Not names"],
    [
      "a layer misspelt beside another",
      () => [data(), ...base(), "--lora", "4", "--lora-targets", "q_proj,v_porj"],
      "no linear layer has such a name (got v_porj, wanted some of q_proj",
    ],
    [
      "dropout of an exported graph",
      () => [data(), "--base", at("bert", "onnx", "model.onnx"), "--dropout"],
      "model.onnx: there is nothing to drop out (got dropout, for a graph that was exported",
    ],
    [
      "attention of an exported graph",
      () => [data(), "--base", at("bert", "onnx", "model.onnx"), "--attention", "causal"],
      "its attention cannot be chosen (got causal, for a graph that was exported, wanted a decoder)",
    ],
    [
      "layers that are not there",
      () => [data(), ...base(), "--lora", "4", "--lora-targets", "query"],
      "no linear layer has such a name (got query, wanted some of q_proj",
    ],
    [
      "adapters of a bag of tokens",
      () => [data(), "--base", at("static"), "--lora", "4"],
      "the model has no linear layer",
    ],
    [
      "attention of an encoder",
      () => [data(), "--base", at("bert"), "--attention", "bidirectional"],
      "bert: its attention cannot be chosen (got bidirectional, for bert, wanted a decoder)",
    ],
    [
      "a pooling that a static embedder's readers don't know",
      () => [data(), "--base", at("static"), "--pooling", "max"],
      "got max, wanted mean",
    ],
    [
      "a pooling that is none",
      () => [data(), ...base(), "--pooling", "last"],
      "Allowed choices are mean, cls, lasttoken",
    ],
    [
      "more tokens than positions",
      () => [data(), ...base(), "--max-tokens", "999"],
      "llama: the model has fewer positions (got 999, wanted at most 128)",
    ],
    [
      "an adapter that is not there",
      () => [data(), ...base(), "--adapter", at("none")],
      "adapter_config.json: no adapter is there",
    ],
    [
      "an adapter of another base",
      () => [data(), "--base", at("bert"), "--adapter", at("foreign")],
      "this adapter was made for another base",
    ],
    [
      "both temperatures",
      () => [data(), "--loss", "cosent", "--temperature", "1"],
      "cannot be used",
    ],
    [
      "a loss misspelt",
      () => [data(), "--loss", "infonce"],
      '--loss: no such loss (got "infonce", wanted info-nce, gist',
    ],
    [
      "a loss as bad JSON",
      () => [data(), "--loss", "{name: x}"],
      "--loss: not JSON (got {name: x}",
    ],
    [
      "an option that the loss does not have",
      () => [data(), "--loss", '{"name": "cosent", "margin": 1}'],
      "--loss, cosent: no such option (got margin",
    ],
    [
      "a loss of a teacher's vectors",
      () => [data(), "--loss", "gist"],
      "--loss: data sets hold no vectors of a teacher (got gist",
    ],
    [
      "widths twice",
      () => [
        data(),
        "--matryoshka",
        "64",
        "--loss",
        '{"name": "matryoshka", "loss": "info-nce", "dims": [256]}',
      ],
      "--matryoshka: a loss has widths of its own",
    ],
    [
      "too few texts for a loss",
      () => [data(), "--loss", "triplet"],
      "pairs.jsonl:1: the loss takes other rows (got 2 texts, wanted a pair and a hard negative",
    ],
    [
      "no label for a loss",
      () => [at("half-scored.jsonl"), "--loss", "cosent"],
      "half-scored.jsonl:2: the label is not what the loss reads (got none, wanted a similarity",
    ],
    [
      "another kind of label",
      () => [at("scored.jsonl"), "--loss", "contrastive"],
      "scored.jsonl:3: the label is not what the loss reads (got 2, wanted 1 (belongs) or 0)",
    ],
    [
      "a class of one row each",
      () => [at("unlike.jsonl"), "--base", at("static"), "--loss", "batch-all-triplet"],
      "too few labels to compare (got 0 with two rows or more, wanted at least 2)",
    ],
    ["labelled texts without a loss", () => [at("classes.jsonl")], "classes.jsonl:1: no positive"],
    [
      "one data set as a mixture",
      () => [data(), "--mixture-temperature", "2"],
      "--mixture-temperature: it does nothing here (wanted several data sets",
    ],
    ["two to measure on", () => [data(), "--dev", data(), "--sts", data()], "cannot be used with"],
    [
      "sentences of one score",
      () => [data(), "--sts", at("flat.jsonl")],
      "flat.jsonl: there is nothing to order the pairs by",
    ],
    ["a base and a kind of model", () => [data(), ...base(), "--arch", "static"], "cannot be used"],
    ["more than a share", () => [data(), "--warmup", "1.5"], "Not a number from 0 to 1"],
    [
      "masks without the objective",
      () => [data(), ...base(), "--mask-token", "_"],
      "--mask-token: it does nothing here (wanted --objective masked-next-token)",
    ],
    [
      "masked tokens from nothing",
      () => [data(), "--objective", "masked-next-token"],
      "--objective: only a language model can learn this (got masked-next-token, wanted --base MODEL)",
    ],
    [
      "masked tokens of an encoder",
      () => [data(), "--base", at("bert"), "--objective", "masked-next-token"],
      "bert: this architecture has no language model's head",
    ],
    [
      "a mask that is no token",
      () => [...masked(), "--mask-token", "[NONE]"],
      "no token can stand for a masked one (got [NONE]",
    ],
    [
      "a loss of masked tokens",
      () => [...masked(), "--loss", "cosent"],
      "--loss: it does nothing here (wanted --objective contrastive)",
    ],
    [
      "scores of masked tokens",
      () => [...masked(), "--sts", at("scored.jsonl")],
      "--sts: it does nothing here (wanted --objective contrastive)",
    ],
    ["no task file", () => ["--tasks", at("none.json")], "none.json: there is no such file"],
    ["a task file that is not JSON", () => ["--tasks", data()], "pairs.jsonl: not JSON"],
    ["no tasks", () => list([]), "tasks.json: no list of tasks (got []"],
    ["a task file of something else", () => list({ task: [] }), "tasks.json: no list of tasks"],
    [
      "more than tasks",
      () => list({ tasks: [], x: 1 }),
      'an unknown field (got "x", wanted tasks)',
    ],
    ["a task that is none", () => list(["a.jsonl"]), 'tasks.json, [0]: no task (got "a.jsonl"'],
    [
      "a task without data",
      () => list({ tasks: [{ loss: "cosent" }] }),
      "tasks.json, tasks[0].data: not a usable text (got nothing, wanted a file of rows)",
    ],
    [
      "a field misspelt",
      () => list([{ data: "pairs.jsonl", los: "x" }]),
      'tasks.json, [0]: an unknown field (got "los", wanted data, loss, prompts, name)',
    ],
    [
      "a task's loss misspelt",
      () => list([{ data: "pairs.jsonl" }, { data: "pairs.jsonl", loss: "cosnet" }]),
      'tasks.json, [1].loss: no such loss (got "cosnet"',
    ],
    [
      "a task's prompts that are none",
      () => list([{ data: "pairs.jsonl", prompts: { query: 1 } }]),
      "tasks.json, [0].prompts: no prompts",
    ],
    [
      "a task's data not there",
      () => list([{ data: "none.jsonl" }]),
      "none.jsonl: there is no such file",
    ],
    [
      "a default that no task takes",
      () => ["--temperature", "1", ...list([{ data: "scored.jsonl", loss: "cosent" }])],
      "--temperature: every task names its loss",
    ],
  ])("%s", async (_, argv, message) => {
    await folder.write("unlike.jsonl", jsonl(things.map((text, label) => ({ text, label }))));
    const typed = argv();
    const json = typed.find((part) => part.startsWith("json:"))?.slice("json:".length);
    const path = await folder.write("tasks.json", json ?? "[]");
    const final = typed.map((part) => (part.startsWith("json:") ? path : part));
    const ran = await nearfold(["train", ...final, "--out", at("never")]);
    expect(ran.err).toContain(message);
    expect(ran.err.split("\n").filter((line) => line.startsWith("error: "))).toHaveLength(1);
    expect(ran).toMatchObject({ code: 2, out: "" });
    expect(ran.err).not.toContain("training:");
    expect(await readdir(folder.path)).not.toContain("never");
  });
});

it("the help shows both commands, and every loss", async () => {
  const { out } = await nearfold(["train", "--help"]);
  for (const command of [
    "nearfold train pairs.jsonl --base sentence-transformers/all-MiniLM-L6-v2 --out my-model/",
    "nearfold train pairs.jsonl --base HuggingFaceTB/SmolLM2-135M --lora 16 --attention bidirectional --pooling mean --out my-llm-embedder/",
  ]) {
    expect(out).toContain(command);
  }
  for (const name of lossNames) expect(out).toContain(name);
});

describe("a recipe is chosen by what a base is", () => {
  const plain = { objective: "contrastive", lora: false } as const;
  it.each([
    ["static", plain, "static, adapted"],
    ["bert", plain, "encoder, adapted"],
    ["t5", plain, "encoder, adapted"],
    ["llama", plain, "decoder, adapted"],
    ["gemma3_text", plain, "decoder, adapted"],
    ["llama", { ...plain, lora: true }, "adapters alone"],
    ["bert", { ...plain, lora: true }, "adapters alone"],
    ["llama", { objective: "masked-next-token", lora: true }, "masked next token"],
  ] as const)("%s, %j: %s", (name, adaptation, recipe) => {
    expect(recipeFor(architectures[name], adaptation)).toBe(recipes[recipe]);
  });
});
