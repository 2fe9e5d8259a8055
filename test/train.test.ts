import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import type { Pair } from "../src/data/pairs.ts";
import type { Row } from "../src/data/row.ts";
import { mul, reduceSum, sqrt } from "../src/graph/ops/index.ts";
import { fillNormal } from "../src/graph/rng.ts";
import { parseLoss } from "../src/losses/index.ts";
import { adaptModel } from "../src/models/adapt.ts";
import { configReader } from "../src/models/config.ts";
import { poolingHead } from "../src/models/head.ts";
import type { Model } from "../src/models/model.ts";
import { architectureOf } from "../src/models/registry.ts";
import { floats } from "../src/tensor/tensor.ts";
import { parseTokenizer } from "../src/text/tokenizer.ts";
import {
  type PreflightEvent,
  type TrainEvent,
  type TrainOptions,
  train,
  trainNextToken,
  trainTasks,
  trainToEnd,
} from "../src/train/index.ts";
import { goldenTensors } from "./golden.ts";
import { tinyLlama } from "./tiny-models.ts";

const words = Array.from({ length: 60 }, (_, i) => `w${String.fromCharCode(97 + (i % 26))}${i}`);
const tokenizer = parseTokenizer(
  JSON.stringify({
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: [],
    normalizer: null,
    pre_tokenizer: { type: "Whitespace" },
    post_processor: null,
    decoder: null,
    model: {
      type: "WordLevel",
      unk_token: "[UNK]",
      vocab: Object.fromEntries(["[UNK]", ...words].map((word, id) => [word, id])),
    },
  }),
  "{}",
  "test",
);

/** Anchor and positive share the words of a topic; anchors use the first half of it, positives the second. */
const pairs: Pair[] = Array.from({ length: 40 }, (_, i) => {
  const topic = i % 10;
  const word = (k: number) => words[topic * 6 + k];
  return {
    anchor: `${word(i % 3)} ${word(0)} ${words[(i * 7) % 60]}`,
    positive: `${word(3 + (i % 3))} ${word(4)} ${words[(i * 11) % 60]}`,
    negatives: [],
  };
});

function model(modelType: "static" | "bert"): Model {
  const json: Record<string, unknown> =
    modelType === "static"
      ? { model_type: "static", vocab_size: 61, hidden_size: 16 }
      : {
          model_type: "bert",
          vocab_size: 512,
          hidden_size: 32,
          num_hidden_layers: 2,
          num_attention_heads: 4,
          intermediate_size: 64,
          max_position_embeddings: 64,
          layer_norm_eps: 1e-12,
        };
  const architecture = architectureOf(modelType, "test");
  const weights =
    modelType === "static"
      ? new Map([
          [
            "embedding.weight",
            floats(fillNormal(new Float32Array(61 * 16), { seed: 3, std: 0.1 }), [61, 16]),
          ],
        ])
      : new Map(
          [...goldenTensors("models/bert/model")].map(
            ([name, { data, shape }]) => [name, floats(data as Float32Array, shape)] as const,
          ),
        );
  const prompts = { query: "", document: "" };
  return {
    name: "test",
    architecture,
    config: architecture.parseConfig(configReader(json, "test")),
    configJson: json,
    head: poolingHead(),
    tokenizer,
    maxTokens: 32,
    prompts,
    weights,
    card: {
      version: 1,
      dims: [16],
      prompts,
      space: { id: "sha256:test", dims: 16, similarity: "cosine" },
      lineage: { data: [], losses: [], versions: {}, metrics: {} },
    },
  };
}

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});
async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "nearfold-train-"));
  folders.push(folder);
  return join(folder, "checkpoint");
}

async function run(
  start: Model,
  options: TrainOptions,
  onEvent: (event: TrainEvent) => void = () => {},
) {
  const events: TrainEvent[] = [];
  const running = train(start, pairs, { batchSize: 8, learningRate: 1e-2, seed: 5, ...options });
  const trained = await trainToEnd(running, (event) => {
    events.push(event);
    onEvent(event);
  });
  return { events, trained };
}

const losses = (events: readonly TrainEvent[]) =>
  events.flatMap((event) => (event.type === "step" ? [event.loss] : []));
const bytes = ({ weights }: Model) =>
  Object.fromEntries(
    [...weights].map(([name, { data }]) => [
      name,
      Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("base64"),
    ]),
  );

describe.each(["static", "bert"] as const)("%s", (kind) => {
  const options: TrainOptions =
    kind === "static"
      ? { epochs: 6, subwords: { buckets: 64 } }
      : { epochs: 3, learningRate: 1e-3, dropout: true };

  test("learns, and leaves the model it was given as it was", async () => {
    const start = model(kind);
    const before = bytes(start);
    const { events, trained } = await run(start, options);
    const found = losses(events);
    expect(found.at(-1)!).toBeLessThan(found[0] * 0.8);
    expect(bytes(start)).toEqual(before);
    expect(bytes(trained)).not.toEqual(before);
    expect(events[0]).toMatchObject({ type: "preflight", pairs: 40, columns: 2, resumedFrom: 0 });
    expect(events.at(-1)).toMatchObject({ type: "done", stoppedEarly: false });
  });

  test("the same seed gives the same bytes, another does not", async () => {
    const [a, b, c] = [
      await run(model(kind), options),
      await run(model(kind), options),
      await run(model(kind), { ...options, seed: 6 }),
    ];
    expect(bytes(a.trained)).toEqual(bytes(b.trained));
    expect(bytes(a.trained)).not.toEqual(bytes(c.trained));
  });

  test("stopped and resumed, it ends on the bytes of a run never stopped", async () => {
    const evaluate = async () => ({ score: 0.5, metrics: {} });
    const whole = await run(model(kind), { ...options, evaluate });
    const checkpoint = await newFolder();
    const stop = new AbortController();
    const first = run(
      model(kind),
      { ...options, evaluate, checkpoint, signal: stop.signal },
      (event) => {
        if (event.type === "step" && event.step === 7) stop.abort();
      },
    );
    await expect(first).rejects.toMatchObject({ code: "aborted" });
    const second = await run(model(kind), { ...options, evaluate, checkpoint, resume: true });
    expect(second.events[0]).toMatchObject({ type: "preflight", resumedFrom: 7 });
    expect(losses(second.events)).toEqual(losses(whole.events).slice(7));
    expect(bytes(second.trained)).toEqual(bytes(whole.trained));
  });
});

test("a batch larger than a chunk takes the same steps", async () => {
  const plain = await run(model("bert"), { epochs: 1, learningRate: 1e-3 });
  const cached = await run(model("bert"), { epochs: 1, learningRate: 1e-3, chunkSize: 6 });
  expect(losses(cached.events)).toBeClose(losses(plain.events), { rtol: 1e-3, atol: 1e-4 });
});

test("the best weights are kept, and a run that gets no better stops early", async () => {
  const scores = [0.1, 0.4, 0.3, 0.2, 0.1];
  const seen: string[] = [];
  const evaluate = async (at: Model) => {
    seen.push(JSON.stringify(bytes(at)));
    return { score: scores[seen.length - 1], metrics: {} };
  };
  const { events, trained } = await run(model("static"), { epochs: 5, evaluate, patience: 2 });
  expect(seen.length).toBe(4);
  expect(JSON.stringify(bytes(trained))).toBe(seen[1]);
  expect(events.at(-1)).toMatchObject({ type: "done", stoppedEarly: true, bestStep: 10 });
});

test("a score that is no number is not the best", async () => {
  const scores = [Number.NaN, 0.4, Number.NaN, 0.3];
  const evaluate = async () => ({ score: scores.shift()!, metrics: {} });
  const { events } = await run(model("static"), { epochs: 4, evaluate });
  expect(events.at(-1)).toMatchObject({ type: "done", bestStep: 10 });
});

test("equal texts in a batch may be masked instead of kept apart", async () => {
  const { events } = await run(model("static"), { noDuplicates: false, epochs: 2 });
  expect(losses(events).every(Number.isFinite)).toBe(true);
});

test.each<[string, TrainOptions, RegExp]>([
  [
    "a NaN names step and tensor",
    { learningRate: 1e38, clip: 0, weightDecay: 0 },
    /the loss is not a number at step \d+/,
  ],
  [
    "so does a gradient that is none, where the loss is a number",
    { loss: ({ anchors }) => reduceSum(sqrt(mul(anchors, 0))) },
    /the norm of the gradient is not a number at step 1 \(got NaN; the gradient of \S+ is not finite/,
  ],
  [
    "and a weight that is none after the last step",
    { learningRate: 1e39, warmup: 0, epochs: 1, batchSize: 40 },
    /a weight is not a number after step 1 \(got embeddings\.\S+\)/,
  ],
  [
    "and weights that are numbers, but give none",
    { learningRate: 1e38, warmup: 0, epochs: 1, batchSize: 40 },
    /the loss is not a number after step 1 \(got NaN\)/,
  ],
  [
    "a weight that is none is not evaluated",
    {
      ...{ learningRate: 1e39, warmup: 0, epochs: 1, batchSize: 40 },
      evaluate: async () => ({ score: 1, metrics: {} }),
    },
    /a weight is not a number after step 1/,
  ],
  [
    "an option that makes no sense",
    { batchSize: 1 },
    /batchSize makes no sense \(got 1, wanted a whole number of at least 2\)/,
  ],
  ["a warm-up above 1", { warmup: 3 }, /wanted a share between 0 and 1/],
])("%s", async (_, options, message) => {
  await expect(run(model("bert"), { epochs: 4, ...options })).rejects.toThrow(message);
});

describe("a checkpoint is of another run with", () => {
  const { loss, needs } = parseLoss("cosent");
  const labelled = pairs.map((pair, i) => ({ ...pair, label: i % 3 }));
  const start = (rows: readonly Row[], options: TrainOptions) =>
    trainToEnd(
      trainTasks(model("static"), [{ rows, needs }], {
        ...{ loss, batchSize: 4, evaluateKey: "dev", checkpointEvery: 4 },
        ...options,
      }),
    );
  const refused = "the checkpoint is of another run";
  const changed = (row: number, change: Partial<Row>) =>
    labelled.map((each, i) => (i === row ? { ...each, ...change } : each));

  test.each<[string, TrainOptions]>([
    ["settings", { batchSize: 10 }],
    ["loss", { loss: parseLoss("angle").loss }],
    ["data to evaluate on", { evaluateKey: "another" }],
  ])("another %s", async (_, change) => {
    const checkpoint = await newFolder();
    await start(labelled, { checkpoint });
    const resumed = start(labelled, { ...change, checkpoint, resume: true });
    await expect(resumed).rejects.toThrow(refused);
    await start(labelled, { checkpoint, resume: true });
  });

  test("another text or label, whichever row it is of", async () => {
    const checkpoint = await newFolder();
    await start(labelled, { checkpoint });
    for (const row of labelled.keys()) {
      for (const change of [{ anchor: `${words[1]} ${words[1]}` }, { label: 3 }]) {
        const resumed = start(changed(row, change), { checkpoint, resume: true });
        await expect(resumed, `row ${row}`).rejects.toThrow(refused);
      }
    }
  });
});

describe("adapters", () => {
  const lora = { rank: 4, alpha: 8, targets: ["query", "value"] } as const;

  test("learn while the base stays, and come merged into the model that is returned", async () => {
    const start = model("bert");
    const { events, trained } = await run(start, { lora, epochs: 4 });
    const all = losses(events);
    expect(all.at(-1)).toBeLessThan(0.7 * all[0]);
    expect([...trained.adapter!.weights.keys()].length).toBe(2 * 2 * 2);
    for (const [name, { data }] of start.weights) {
      const same = trained.weights.get(name)!.data === data;
      expect(same, name).toBe(!/attention\.self\.(query|value)\.weight$/.test(name));
    }
    const [preflight] = events as [PreflightEvent];
    expect(preflight.parameters).toBe(8 * 4 * 32);
    const sizes = [...start.weights.values()].map(({ data }) => data.length);
    expect(preflight.modelParameters).toBe(sizes.reduce((a, b) => a + b));
  });

  test("resume to the same bytes", async () => {
    const checkpoint = await newFolder();
    const controller = new AbortController();
    const whole = await run(model("bert"), { lora });
    const stop = (event: TrainEvent) => {
      if (event.type === "step" && event.step === 2) controller.abort();
    };
    const { signal } = controller;
    await expect(run(model("bert"), { lora, checkpoint, signal }, stop)).rejects.toThrow("stopped");
    const resumed = await run(model("bert"), { lora, checkpoint, resume: true });
    expect([...resumed.trained.adapter!.weights]).toEqual([...whole.trained.adapter!.weights]);
  });

  test("are refused by a checkpoint that was beside another base", async () => {
    const checkpoint = await newFolder();
    const controller = new AbortController();
    const { signal } = controller;
    const stop = () => controller.abort();
    await expect(run(model("bert"), { lora, checkpoint, signal }, stop)).rejects.toThrow("stopped");
    const base = model("bert");
    const others = [
      { ...base, card: { ...base.card, space: { ...base.card.space, id: "sha256:other" } } },
      { ...base, adapter: (await run(base, { lora })).trained.adapter! },
    ];
    for (const other of others) {
      const resumed = run(other, { lora, checkpoint, resume: true });
      await expect(resumed).rejects.toThrow("the checkpoint is of another run");
    }
  });

  test("that were merged before all weights are trained are no longer the model's", async () => {
    const { trained } = await run(model("bert"), { lora });
    expect(trained.adapter).toBeDefined();
    expect((await run(trained, {})).trained.adapter).toBeUndefined();
  });
});

describe("several data sets", () => {
  const labelled = pairs.map(({ anchor }, i) => ({
    anchor,
    negatives: [],
    label: `topic${i % 10}`,
  }));

  test("each with its loss, needs and prompts; every batch is of one", async () => {
    const tasks = [
      { rows: pairs },
      { rows: labelled, ...parseLoss("batch-all-triplet") },
      { rows: pairs.map((pair, i) => ({ ...pair, label: i % 5 })), ...parseLoss("cosent") },
    ];
    const options = { batchSize: 8, learningRate: 1e-2, seed: 5, epochs: 2 };
    const events: TrainEvent[] = [];
    await trainToEnd(trainTasks(model("static"), tasks, options), (event) => events.push(event));
    expect(losses(events).length).toBe(2 * 3 * 5);
    expect(losses(events).every(Number.isFinite)).toBe(true);
  });

  test("a row that does not hold what the loss reads is named before anything is trained", async () => {
    const tasks = [{ rows: pairs, ...parseLoss("cosent") }];
    await expect(trainToEnd(trainTasks(model("static"), tasks))).rejects.toThrow(
      /row 1: the label is not what the loss reads \(got none, wanted a similarity/,
    );
  });

  test("the prompts of a set go before its texts", async () => {
    const prompted = { rows: pairs, prompts: { query: "wa0 ", document: "" } };
    const plain = await run(model("static"), {});
    const events: TrainEvent[] = [];
    const options = { batchSize: 8, learningRate: 1e-2, seed: 5 };
    await trainToEnd(trainTasks(model("static"), [prompted], options), (e) => events.push(e));
    expect(losses(events)[0]).not.toBe(losses(plain.events)[0]);
  });
});

describe("masked next-token prediction", () => {
  const sentences = pairs.flatMap(({ anchor, positive }) => [anchor, positive]);
  const options = { batchSize: 16, learningRate: 1e-2, seed: 5, epochs: 4, maskToken: "wz25" };

  test.each([
    ["every weight of a tied head", true, undefined],
    ["every weight of an untied head", false, undefined],
    ["adapters, the head frozen", true, { rank: 4, alpha: 8, targets: "all-linear" }],
  ] as const)("teaches %s", async (_, tied, lora) => {
    const start = decoder(tied);
    const events: TrainEvent[] = [];
    const run = trainNextToken(start, sentences, { ...options, ...(lora && { lora }) });
    const trained = await trainToEnd(run, (event) => events.push(event));
    const all = losses(events);
    expect(mean(all.slice(-4))).toBeLessThan(0.95 * mean(all.slice(0, 4)));
    const head = tied ? "embed_tokens.weight" : "lm_head.weight";
    const moved = trained.weights
      .get(head)!
      .data.some((x, i) => x !== start.weights.get(head)!.data[i]);
    expect(moved).toBe(lora === undefined);
  });

  test("is refused for a model that is no language model, and for a mask that is no token", async () => {
    const run = trainNextToken(model("bert"), sentences, options);
    await expect(trainToEnd(run)).rejects.toThrow(/no language model/);
    const masked = trainNextToken(decoder(true), sentences, { ...options, maskToken: "none" });
    await expect(trainToEnd(masked)).rejects.toThrow(/got none, wanted a token of its vocabulary/);
  });
});

/** The golden Llama, seeing both sides, for the tokenizer of this test. */
function decoder(tied: boolean): Model {
  const { tokenizer, maxTokens } = model("static");
  const llama = adaptModel(tinyLlama(), { attention: "bidirectional" });
  const configJson = { ...llama.configJson, tie_word_embeddings: tied };
  const config = llama.architecture.parseConfig(configReader(configJson, "test"));
  const head = floats(fillNormal(new Float32Array(512 * 32), { seed: 9, std: 0.1 }), [512, 32]);
  const weights = tied ? llama.weights : new Map(llama.weights).set("lm_head.weight", head);
  return { ...llama, configJson, config, weights, tokenizer, maxTokens };
}

const mean = (values: readonly number[]) => values.reduce((a, b) => a + b) / values.length;
