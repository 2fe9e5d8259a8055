import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import type { Pair } from "../src/data/pairs.ts";
import { loadBase } from "../src/models/index.ts";
import type { Model } from "../src/models/model.ts";
import { saveModel } from "../src/models/save.ts";
import { formatsFor, quantizable, quantizeModel, weightFormats } from "../src/quantize/index.ts";
import type { Tensor } from "../src/tensor/tensor.ts";
import { type TrainEvent, type TrainOptions, train, trainToEnd } from "../src/train/index.ts";
import { tinyBert, tinyLlama, tinyStatic } from "./tiny-models.ts";

const colours = ["red", "green", "blue", "white"];
const things = ["cat", "house", "river", "stone", "bird"];
const pairs: Pair[] = colours.flatMap((colour) =>
  things.map((thing) => ({
    anchor: `which ${thing} is ${colour}`,
    positive: `the ${colour} ${thing}`,
    negatives: [],
  })),
);
const models = { bert: tinyBert, llama: tinyLlama };
const lora = { rank: 4, alpha: 8, targets: "all-linear" } as const;

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});
async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "nearfold-int8-"));
  folders.push(folder);
  return join(folder, "it");
}

async function run(
  start: Model<Tensor>,
  options: TrainOptions,
  onEvent: (event: TrainEvent) => void = () => {},
) {
  const losses: number[] = [];
  const settings = { batchSize: 8, epochs: 8, learningRate: 2e-3, seed: 5, ...options };
  const trained = await trainToEnd(train(start, pairs, settings), (event) => {
    if (event.type === "step") losses.push(event.loss);
    onEvent(event);
  });
  return { losses, trained };
}

/** A base as `nearfold quantize` makes it. */
const quantized = (model: Model, layers: keyof typeof weightFormats = "int8") =>
  quantizeModel(
    model,
    formatsFor(quantizable(model), weightFormats[layers], weightFormats["int8-rows"]),
  );

describe.each(["bert", "llama"] as const)("%s in int8", (kind) => {
  const int8 = { precision: "int8" } as const;

  test("learns as it does in float32", async () => {
    const [found, wanted] = [await run(models[kind](), int8), await run(models[kind](), {})];
    expect(found.losses).not.toEqual(wanted.losses);
    expect(found.losses[0]).toBeCloseTo(wanted.losses[0], 1);
    expect(found.losses.at(-1)).toBeLessThan(0.7 * found.losses[0]);
    expect(found.losses.at(-1)!).toBeLessThan(wanted.losses.at(-1)! + 0.15);
    expect([...found.trained.weights.values()].every(({ dtype }) => dtype === "float32")).toBe(
      true,
    );
  });

  test("a batch larger than a chunk takes the same steps", async () => {
    const [plain, cached] = [
      await run(models[kind](), { ...int8, epochs: 1 }),
      await run(models[kind](), { ...int8, epochs: 1, chunkSize: 6 }),
    ];
    // The columns of a weight's gradient are rounded chunk by chunk.
    expect(cached.losses).toBeClose(plain.losses, { rtol: 5e-2, atol: 1e-3 });
  });

  test("killed and resumed, it ends on the same bytes; in another precision it is refused", async () => {
    const whole = await run(models[kind](), int8);
    const checkpoint = await newFolder();
    const controller = new AbortController();
    const { signal } = controller;
    const stop = (event: TrainEvent) => {
      if (event.type === "step" && event.step === 3) controller.abort();
    };
    const stopped = run(models[kind](), { ...int8, checkpoint, signal }, stop);
    await expect(stopped).rejects.toThrow("stopped at step 3");
    const other = run(models[kind](), { checkpoint, resume: true });
    await expect(other).rejects.toThrow("the checkpoint is of another run");
    const { trained } = await run(models[kind](), { ...int8, checkpoint, resume: true });
    expect([...trained.weights]).toEqual([...whole.trained.weights]);
  });
});

describe("adapters beside an int8 base", () => {
  test("of codes: they stay, and what is returned is floats", async () => {
    const base = quantized(tinyLlama());
    const before = new Map([...base.weights].map(([name, { data }]) => [name, data.slice()]));
    const { losses, trained } = await run(base, { lora, learningRate: 1e-2 });
    expect(losses.at(-1)).toBeLessThan(0.7 * losses[0]);
    for (const [name, data] of before) expect(base.weights.get(name)!.data).toEqual(data);
    expect(trained.formats).toBeUndefined();
    const name = "layers.0.self_attn.q_proj.weight";
    expect(trained.weights.get(name)!.shape).toEqual(tinyLlama().weights.get(name)!.shape);
    expect([...trained.weights.keys()].sort()).toEqual([...tinyLlama().weights.keys()].sort());
  });

  test("of floats, rounded for the training alone: they are merged into the floats", async () => {
    const base = tinyLlama();
    const targets = ["q_proj"];
    const { losses, trained } = await run(base, {
      lora: { ...lora, targets },
      precision: "int8",
      learningRate: 1e-2,
    });
    const float = await run(base, { lora: { ...lora, targets }, learningRate: 1e-2 });
    expect(losses).not.toEqual(float.losses);
    expect(losses).toBeClose(float.losses, { rtol: 0.1, atol: 0.1 });
    for (const [name, { data }] of base.weights) {
      expect(trained.weights.get(name)!.data === data, name).toBe(!name.includes("q_proj"));
    }
  });

  test("the codes that a folder holds are those that floats are rounded to", async () => {
    const float = tinyLlama();
    const layers = formatsFor(quantizable(float), weightFormats.int8, undefined);
    const [held, rounded] = [
      await run(quantizeModel(float, layers), { lora }),
      await run(float, { lora, precision: "int8" }),
    ];
    expect(held.losses).toEqual(rounded.losses);
  });

  test("of 4 bits, which no gradient goes through as codes, is floats while it is trained", async () => {
    const { losses } = await run(quantized(tinyLlama(), "int4-block32"), { lora });
    expect(losses.at(-1)).toBeLessThan(losses[0]);
  });

  test("saved, read as a base and trained, the saved result is a float model", async () => {
    const [from, to] = [await newFolder(), await newFolder()];
    await saveModel(from, quantized(tinyBert()));
    const base = await loadBase(from);
    const { trained } = await run(base, { lora, epochs: 1 });
    await saveModel(to, trained);
    const again = await loadBase(to);
    expect(again.formats).toBeUndefined();
    expect(again.configJson.quantization_config).toBeUndefined();
    expect([...again.weights.keys()].sort()).toEqual([...trained.weights.keys()].sort());
  });
});

test.each<[string, () => Model<Tensor>, TrainOptions, RegExp]>([
  [
    "codes are not trained themselves",
    () => quantized(tinyBert()),
    {},
    /a quantized model cannot be trained but by adapters beside it/,
  ],
  [
    "a bag of tokens has nothing to multiply",
    tinyStatic,
    { precision: "int8" },
    /no linear layers to multiply in another precision \(got int8, wanted float32\)/,
  ],
  [
    "another precision",
    tinyBert,
    { precision: "fp8" as never },
    /precision makes no sense \(got fp8, wanted float32 or int8\)/,
  ],
])("%s", async (_, start, options, message) => {
  await expect(run(start(), options)).rejects.toThrow(message);
});
