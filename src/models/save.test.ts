import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { temporaryFolder } from "../../test/temporary.ts";
import { tinyBert, tinyLlama, tinyStatic } from "../../test/tiny-models.ts";
import { parseTokenizer } from "../text/tokenizer.ts";
import { poolingHead } from "./head.ts";
import { loadModel } from "./load.ts";
import type { Model } from "./model.ts";
import { withAdapter } from "./peft.ts";
import { saveModel } from "./save.ts";

describe("what stands in the way", () => {
  test.each<[name: string, put: (folder: string) => Promise<unknown>, replace: boolean]>([
    ["a folder with other things, not to be replaced", other, false],
    ["a folder with other things, to be replaced all the same", other, true],
    ["a file", (folder) => writeFile(folder, "mine"), true],
    ["another model, not to be replaced", (folder) => saveModel(folder, tinyBert()), false],
  ])("%s stays", async (_, put, replace) => {
    await using temporary = await temporaryFolder();
    const folder = join(temporary.path, "model");
    await put(folder);
    const before = await readdir(temporary.path, { recursive: true });
    const saved = saveModel(folder, tinyStatic(), { replace });
    await expect(saved).rejects.toMatchObject({ code: "exists" });
    expect(await readdir(temporary.path, { recursive: true })).toEqual(before);
  });

  test("an empty folder is filled; a model of ours is replaced where asked", async () => {
    await using temporary = await temporaryFolder();
    const folder = join(temporary.path, "model");
    await mkdir(folder);
    await saveModel(folder, tinyBert());
    await saveModel(folder, tinyStatic(), { replace: true });
    expect((await loadModel(folder)).configJson.model_type).toBe("static");
    expect(await readdir(temporary.path)).toEqual(["model"]);
    expect(await readdir(folder)).not.toContain("1_Pooling");
  });

  test("a place that cannot be written to", async () => {
    await using temporary = await temporaryFolder();
    const file = await temporary.write("file", "");
    await expect(saveModel(join(file, "model"), tinyStatic())).rejects.toMatchObject({
      code: "io",
    });
  });

  async function other(folder: string) {
    await mkdir(folder);
    await writeFile(join(folder, "thesis.txt"), "mine");
  }
});

test("weights that were widened are called float32: transformers would narrow them again", async () => {
  await using temporary = await temporaryFolder();
  const folder = join(temporary.path, "wide");
  const model = tinyBert();
  const configJson = { ...model.configJson, dtype: "bfloat16", torch_dtype: "bfloat16" };
  await saveModel(folder, { ...model, configJson });
  const written = JSON.parse(await readFile(join(folder, "config.json"), "utf8")) as object;
  expect(written).toMatchObject({ dtype: "float32", torch_dtype: "float32" });
});

describe("a model that its readers would take for another is not written", () => {
  const { tokenizer } = tinyBert();
  const wraps = parseTokenizer(tokenizer.json, tokenizer.config, "wraps");
  test.each<[string, (model: Model) => Model, string, RegExp]>([
    ["special tokens", (model) => ({ ...model, tokenizer: wraps }), "bad-argument", /post_proc/],
    [
      "a pooling that StaticEmbedding has not",
      (model) => ({ ...model, head: poolingHead("max") }),
      "unsupported",
      /got max, wanted mean/,
    ],
    [
      "a metric that is no number",
      (model) => {
        const lineage = { ...model.card.lineage, metrics: { ndcg10: Number.NaN } };
        return { ...model, card: { ...model.card, lineage } };
      },
      "bad-input",
      /the card of tiny-static: field "lineage"/,
    ],
    [
      "a config of another architecture",
      (model) => ({ ...model, configJson: tinyBert().configJson }),
      "bug",
      /another architecture/,
    ],
  ])("%s", async (_, change, code, message) => {
    await using temporary = await temporaryFolder();
    const error: unknown = await saveModel(
      join(temporary.path, "model"),
      change(tinyStatic()),
    ).catch((error: unknown) => error);
    expect(error).toMatchObject({ code });
    expect((error as Error).message).toMatch(message);
    expect(await readdir(temporary.path)).toEqual([]);
  });
});

test("under its name the folder is whole from its first moment", async () => {
  await using temporary = await temporaryFolder();
  const folder = join(temporary.path, "model");
  let saved = false;
  const saving = saveModel(folder, tinyBert()).finally(() => {
    saved = true;
  });
  let looks = 0;
  while (!saved) {
    const names = await readdir(temporary.path);
    if (names.includes("model")) await loadModel(folder);
    else looks++;
  }
  await saving;
  expect(looks).toBeGreaterThan(0);
});

test("a folder that fails half way leaves nothing behind", async () => {
  await using temporary = await temporaryFolder();
  const model = tinyBert();
  const bad = "encoder.layer.1.output.dense.bias";
  const tensor = model.weights.get(bad)!;
  // The safetensors file is written before the graph refuses the shape.
  const weights = new Map([...model.weights, [bad, { ...tensor, shape: [1, 32] }]]);
  const saving = saveModel(join(temporary.path, "model"), { ...model, weights });
  await expect(saving).rejects.toMatchObject({ code: "mismatch" });
  expect(await readdir(temporary.path)).toEqual([]);
});

test("prompts and space on the card are those of the model", async () => {
  await using temporary = await temporaryFolder();
  const folder = join(temporary.path, "model");
  const prompts = { query: "find: ", document: "text: " };
  const card = await saveModel(folder, { ...tinyBert(), prompts });
  expect(card.prompts).toEqual(prompts);
  expect(JSON.parse(await readFile(join(folder, "nearfold.json"), "utf8"))).toEqual(card);
  expect((await loadModel(folder)).card).toEqual(card);
});

test("adapters that the weights came by lie beside them, for PEFT, with the base's name", async () => {
  await using temporary = await temporaryFolder();
  const folder = join(temporary.path, "model");
  const golden = fileURLToPath(new URL("../../test/goldens/peft/", import.meta.url));
  const model = await withAdapter(tinyLlama(), golden);
  await saveModel(folder, model);
  const kept = join(folder, "adapter");
  const again = await withAdapter(tinyLlama(), kept);
  expect(again.weights).toEqual(model.weights);
  const settings = JSON.parse(await readFile(join(kept, "adapter_config.json"), "utf8")) as object;
  expect(settings).toMatchObject({ base_model_name_or_path: model.card.lineage.base, r: 4 });
  expect((await loadModel(folder)).weights.get("layers.0.self_attn.q_proj.weight")).toEqual(
    model.weights.get("layers.0.self_attn.q_proj.weight"),
  );
});
