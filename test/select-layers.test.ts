/** Models with fewer layers: every architecture that has layers with numbers. */
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openEncoder } from "../src/encoder/index.ts";
import { loadModel, type Model, saveModel } from "../src/models/index.ts";
import { layerCount, selectLayers } from "../src/models/select-layers.ts";
import { exportedModels } from "./exported-models.ts";
import { temporaryFolder } from "./temporary.ts";
import { texts, tinyStatic } from "./tiny-models.ts";

const vectorsOf = async (model: Model | string) => {
  await using encoder = await openEncoder(model);
  return (await encoder.encode(texts)).vectors;
};

/** One of each architecture; adapters that were merged are no matter. */
const encoders = ["bert", "distilbert", "modernbert", "mpnet", "nomic-bert", "roberta", "t5"];
const decoders = ["llama-lora", "mistral-bidirectional", "qwen3", "gemma3", "gemma3-bidirectional"];

describe.each([...encoders, ...decoders])("%s", (name) => {
  test("all layers are the model; the last alone is another, which its folder keeps", async () => {
    const { model } = await exportedModels[name]();
    const count = layerCount(model);
    expect(count).toBeGreaterThan(1);
    const whole = await vectorsOf(model);
    const all = selectLayers(
      model,
      Array.from({ length: count }, (_, i) => i),
    );
    expect(await vectorsOf(all)).toEqual(whole);
    const last = selectLayers(model, [count - 1]);
    expect(layerCount(last)).toBe(1);
    const cut = await vectorsOf(last);
    expect(cut).not.toEqual(whole);
    await using folder = await temporaryFolder();
    await saveModel(join(folder.path, "cut"), last);
    expect(await vectorsOf(join(folder.path, "cut"))).toBeClose(cut, { rtol: 0, atol: 1e-6 });
    expect(layerCount(await loadModel(join(folder.path, "cut")))).toBe(1);
    expect(await vectorsOf(model)).toEqual(whole);
  });
});

describe("what cannot be cut", () => {
  const wanted: [string, number[]][] = [
    ["more than there are", [0, 2]],
    ["not rising", [1, 0]],
    ["twice", [1, 1]],
    ["none", []],
    ["below the first", [-1]],
    ["not whole", [0.5]],
  ];
  test.each(wanted)("%s", async (_, chosen) => {
    const { model } = await exportedModels.bert();
    expect(() => selectLayers(model, chosen)).toThrow(/wanted some of 0 to 1, rising/);
  });

  test("a static model has no layers", () => {
    expect(() => selectLayers(tinyStatic(), [0])).toThrow(/no layers .* a table of token vectors/);
  });
});
