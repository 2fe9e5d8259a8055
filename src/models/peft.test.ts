import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { goldenJson, goldenTensors } from "../../test/golden.ts";
import { temporaryFolder } from "../../test/temporary.ts";
import { tinyBert, tinyLlama } from "../../test/tiny-models.ts";
import { encodeModel } from "../onnx/encode.ts";
import { openSession } from "../runtime/session.ts";
import { writeSafetensors } from "../tensor/safetensors.ts";
import { floats } from "../tensor/tensor.ts";
import { newAdapter } from "./adapter.ts";
import { exportGraph } from "./export.ts";
import { poolingHead } from "./head.ts";
import { loadModel } from "./load.ts";
import { parsePeftConfig, saveAdapter, withAdapter } from "./peft.ts";

const golden = fileURLToPath(new URL("../../test/goldens/peft/", import.meta.url));
const settings = goldenJson<Record<string, unknown>>("peft/adapter_config");

describe("an adapter that PEFT saved", () => {
  test("merged into its base, gives the vectors that PEFT computes", async () => {
    const model = await withAdapter(tinyLlama(), golden);
    const head = poolingHead("mean", { normalize: false });
    const { weights } = model;
    const { bytes } = encodeModel(exportGraph({ ...model, head }), { weights });
    await using session = await openSession(bytes);
    const inputs = goldenTensors("models/llama/golden");
    const found = await session.run({
      input_ids: inputs.get("input_ids")!,
      attention_mask: inputs.get("attention_mask")!,
    });
    const wanted = goldenTensors("peft/golden").get("mean")!.data as Float32Array;
    expect(found.sentence_embedding.data as Float32Array).toBeClose(wanted, {
      rtol: 1e-4,
      atol: 1e-5,
    });
  });

  test("saved again, is the same file but for its order, and its settings are PEFT's", async () => {
    const { adapter } = await withAdapter(tinyLlama(), golden);
    await using temporary = await temporaryFolder();
    const folder = temporary.path;
    await saveAdapter(folder, adapter!, { base: "../models/llama" });
    const again = await withAdapter(tinyLlama(), folder);
    expect([...again.adapter!.weights].sort()).toEqual([...adapter!.weights].sort());
    const json = JSON.parse(await readFile(join(folder, "adapter_config.json"), "utf8"));
    for (const key of Object.keys(json)) expect(settings, key).toHaveProperty(key, json[key]);
  });
});

test("adapters of all linear layers name each: PEFT would adapt BERT's pooler too", async () => {
  const { adapter } = await withAdapter(tinyLlama(), golden);
  await using temporary = await temporaryFolder();
  const config = { ...adapter!.config, targets: "all-linear" };
  await saveAdapter(temporary.path, { ...adapter!, config }, { base: "x" });
  const file = join(temporary.path, "adapter_config.json");
  const { target_modules } = JSON.parse(await readFile(file, "utf8"));
  expect(target_modules).toContain("layers.1.self_attn.q_proj");
  expect(target_modules).toHaveLength(adapter!.sites.length);
});

test("layers that embedding does not run are passed over: PEFT's all-linear adapts a pooler too", async () => {
  const base = tinyBert();
  expect(base.weights.has("pooler.dense.weight")).toBe(true);
  const lora = { rank: 2, alpha: 4, targets: "all-linear" };
  const site = { weight: "encoder.layer.0.output.dense.weight", outFirst: true, in: 64, out: 32 };
  const own = newAdapter([site], lora, { base: base.weights, seed: 1 });
  await using temporary = await temporaryFolder();
  const weights = new Map(own.weights)
    .set("pooler.dense.lora_A.weight", floats(new Float32Array(2 * 32), [2, 32]))
    .set("pooler.dense.lora_B.weight", floats(new Float32Array(32 * 2), [32, 2]));
  await saveAdapter(temporary.path, { ...own, weights }, { base: "bert" });
  const { adapter } = await withAdapter(base, temporary.path);
  expect([...adapter!.weights.keys()].sort()).toEqual([...own.weights.keys()].sort());
  // A model without a pooler has no such layer.
  const bare = [...base.weights].filter(([name]) => !name.startsWith("pooler."));
  const without = { ...base, weights: new Map(bare) };
  await expect(withAdapter(without, temporary.path)).rejects.toThrow(/pooler\.dense\.lora_A/);
});

describe("an adapter is refused", () => {
  test("when it was trained beside other weights of the same shapes", async () => {
    const { adapter } = await withAdapter(tinyLlama(), golden);
    await using temporary = await temporaryFolder();
    await saveAdapter(temporary.path, adapter!, { base: "org/llama" });
    await expect(withAdapter(tinyLlama(), temporary.path)).resolves.toBeDefined();
    const merged = await withAdapter(tinyLlama(), golden);
    await expect(withAdapter(merged, temporary.path)).rejects.toThrow(
      /another base \(got another layers\.0.*base_model_name_or_path, "?org\/llama/,
    );
  });

  test.each(["[]", "{", "null"])("when what it says of its base is %s", async (recorded) => {
    const { adapter } = await withAdapter(tinyLlama(), golden);
    await using temporary = await temporaryFolder();
    await saveAdapter(temporary.path, adapter!, { base: "x" });
    const path = join(temporary.path, "adapter_model.safetensors");
    await writeSafetensors(path, adapter!.weights, { metadata: { "nearfold.base": recorded } });
    await expect(withAdapter(tinyLlama(), temporary.path)).rejects.toThrow(
      /nearfold\.base is malformed/,
    );
  });

  test("when it is another base's", async () => {
    await expect(withAdapter(tinyBert(), golden)).rejects.toThrow(
      /made for another base \(got "?base_model\.model\.layers\.0\.mlp\.down_proj/,
    );
  });

  test("when its shapes are another base's", async () => {
    const { adapter } = await withAdapter(tinyLlama(), golden);
    await using temporary = await temporaryFolder();
    const folder = temporary.path;
    const weights = new Map(adapter!.weights);
    const name = "layers.1.self_attn.q_proj.lora_A.weight";
    weights.set(name, floats(new Float32Array(4 * 48), [4, 48]));
    await saveAdapter(folder, { ...adapter!, weights }, { base: "x" });
    await expect(withAdapter(tinyLlama(), folder)).rejects.toThrow(
      /q_proj\.lora_A\.weight \[4,48\], wanted \[4,32\]/,
    );
  });

  test("when it holds tensors that are no adapter's", async () => {
    const { adapter } = await withAdapter(tinyLlama(), golden);
    await using temporary = await temporaryFolder();
    const folder = temporary.path;
    await saveAdapter(folder, adapter!, { base: "x" });
    const more = new Map(adapter!.weights).set("score.weight", floats([1], [1]));
    await writeSafetensors(join(folder, "adapter_model.safetensors"), more);
    await expect(withAdapter(tinyLlama(), folder)).rejects.toThrow(/score\.weight/);
  });

  test("as a model by itself", async () => {
    await expect(loadModel(golden)).rejects.toThrow(/an adapter is no model by itself/);
  });

  test("as a pickle, with a pointer to safetensors", async () => {
    await using temporary = await temporaryFolder();
    const folder = temporary.path;
    await cp(join(golden, "adapter_config.json"), join(folder, "adapter_config.json"));
    await writeFile(join(folder, "adapter_model.bin"), "PK");
    await expect(withAdapter(tinyLlama(), folder)).rejects.toThrow(/safe_serialization/);
  });

  test.each([
    [{ peft_type: "IA3" }, /"peft_type": "IA3"/],
    [{ use_dora: true }, /"use_dora": true/],
    [{ bias: "all" }, /"bias": "all"/],
    [{ modules_to_save: ["score"] }, /modules_to_save/],
    [{ alpha_pattern: { q_proj: 4 } }, /alpha_pattern/],
    [{ r: 0 }, /field "r"/],
    [{ target_modules: 3 }, /target_modules/],
  ])("%j", (change, message) => {
    expect(() => parsePeftConfig({ ...settings, ...change }, "adapter_config.json")).toThrow(
      message,
    );
  });
});

test("rank-stabilised scaling is alpha / √rank", () => {
  const { lora } = parsePeftConfig({ ...settings, use_rslora: true }, "adapter_config.json");
  expect(lora.alpha / lora.rank).toBeCloseTo(8 / Math.sqrt(4));
});
