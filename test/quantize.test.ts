import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openEncoder } from "../src/encoder/index.ts";
import { NearfoldError } from "../src/errors.ts";
import { loadModel, saveModel } from "../src/models/index.ts";
import { QUANTIZATION, readFormats, writeFormats } from "../src/models/quantization.ts";
import type { WeightFormat, WeightFormats } from "../src/nn/weight-format.ts";
import { parseWeightFormat } from "../src/nn/weight-formats.ts";
import {
  calibrateFormats,
  formatsFor,
  quantizable,
  quantizeGuarded,
  quantizeModel,
} from "../src/quantize/index.ts";
import { openSession } from "../src/runtime/session.ts";
import { longs } from "../src/tensor/tensor.ts";
import { nearfold } from "./nearfold.ts";
import { temporaryFolder } from "./temporary.ts";
import { tinyBert, tinyLlama, tinyStatic } from "./tiny-models.ts";

const texts = ["the quick brown fox", "a lazy dog", "the fox is quick and the dog is lazy", "dog"];
const models = { bert: tinyBert, llama: tinyLlama };
const kinds = Object.keys(models) as (keyof typeof models)[];

function formatsOf(kind: keyof typeof models, name: string, table?: WeightFormat) {
  return formatsFor(quantizable(models[kind]()), parseWeightFormat(name), table);
}

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
const at = (...parts: string[]) => join(folder.path, ...parts);
beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder[Symbol.asyncDispose]());

async function vectorsOf(model: Parameters<typeof openEncoder>[0], given = texts) {
  await using encoder = await openEncoder(model);
  return (await encoder.encode(given)).vectors;
}

describe.each(
  kinds.flatMap((kind) =>
    ["int8", "int8-static", "int4-block32"].map((name) => [kind, name] as const),
  ),
)("%s in %s", (kind, name) => {
  const table = name === "int8" ? parseWeightFormat("int8-rows") : undefined;
  let formats: WeightFormats;
  beforeAll(async () => {
    formats = await calibrateFormats(models[kind](), formatsOf(kind, name, table), { texts });
  });
  const made = () => quantizeModel(models[kind](), formats);

  test("saved and read again, is the same space and the same vectors", async () => {
    const wanted = await vectorsOf(made());
    const card = await saveModel(at(`${kind}-${name}`), made());
    await using encoder = await openEncoder(at(`${kind}-${name}`));
    expect(encoder.space).toEqual(card.space);
    expect((await encoder.encode(texts)).vectors).toEqual(wanted);
  });

  test("a vector does not depend on its company", async () => {
    const together = await vectorsOf(made());
    const dims = together.length / texts.length;
    for (const [i, text] of texts.entries()) {
      const alone = await vectorsOf(made(), [text]);
      expect(alone).toBeClose(together.subarray(i * dims, (i + 1) * dims), {
        rtol: 0,
        atol: 1e-6,
      });
    }
  });

  test("its ONNX graph takes token ids, and gives the same vectors", async () => {
    await saveModel(at(`${kind}-${name}-graph`), made());
    const path = at(`${kind}-${name}-graph`, "onnx", "model_quantized.onnx");
    await using session = await openSession(path);
    const { tokenizer } = models[kind]();
    const ids = tokenizer.encode(texts[2]).ids;
    const shape = [1, ids.length];
    const { sentence_embedding } = await session.run({
      input_ids: longs([...ids], shape),
      attention_mask: longs(new Array(ids.length).fill(1), shape),
    });
    const wanted = await vectorsOf(made(), [texts[2]]);
    expect(sentence_embedding.data as Float32Array).toBeClose(wanted, { rtol: 0, atol: 1e-4 });
  });
});

describe("calibration", () => {
  test("layers that read the same rows have the same range, and others their own", async () => {
    const formats = await calibrateFormats(tinyBert(), formatsOf("bert", "int8-static"), { texts });
    const { weights } = quantizeModel(tinyBert(), formats);
    const scaleOf = (layer: string) => weights.get(`${layer}.input_scale`)!.data[0];
    const layers = [...formats.keys()].map((weight) => weight.replace(/\.weight$/, ""));
    const [query] = layers.filter((layer) => layer.endsWith(".query"));
    const beside = ["key", "value"].map((part) => query.replace("query", part));
    expect(beside.map(scaleOf)).toEqual([scaleOf(query), scaleOf(query)]);
    expect(new Set(layers.map(scaleOf)).size).toBeGreaterThan(layers.length / 3);
  });

  test("formats that hold no range are left as they are", async () => {
    const formats = formatsOf("bert", "int8");
    expect(await calibrateFormats(tinyBert(), formats, { texts: [] })).toBe(formats);
  });

  test("without texts there is nothing to calibrate by", async () => {
    const run = calibrateFormats(tinyBert(), formatsOf("bert", "int8-static"), { texts: [] });
    await expect(run).rejects.toThrow(/nothing to calibrate by/);
  });
});

describe("the guard", () => {
  test("leaves all as codes where the vectors agree", async () => {
    const formats = formatsOf("bert", "int8");
    const found = await quantizeGuarded(tinyBert(), formats, { texts, agreement: 0.9 });
    expect(found.kept).toEqual([]);
    expect(found.agreement).toEqual(found.unguarded);
    expect(found.model.formats!.size).toBe(formats.size);
  });

  test("gives the costliest layers their floats back until the vectors agree", async () => {
    const formats = formatsOf("bert", "int4-block32");
    const loose = await quantizeGuarded(tinyBert(), formats, { texts, agreement: 0.5 });
    const floor = (1 + loose.unguarded.mean) / 2;
    const found = await quantizeGuarded(tinyBert(), formats, { texts, agreement: floor });
    expect(found.kept.length).toBeGreaterThan(0);
    expect(found.agreement.mean).toBeGreaterThanOrEqual(floor);
    const costs = found.kept.map(({ cost }) => cost);
    expect(costs).toEqual(costs.toSorted((a, b) => b - a));
    for (const { weight } of found.kept) expect(found.model.formats!.has(weight)).toBe(false);
    expect(found.model.formats!.size).toBe(formats.size - found.kept.length);
  });

  test.each([
    [{ texts: [] }, "no texts to judge by"],
    [{ texts, agreement: 1.5 }, "no cosine"],
  ])("%j is refused", async (options, message) => {
    const run = quantizeGuarded(tinyBert(), formatsOf("bert", "int8"), options);
    await expect(run).rejects.toThrow(message);
  });
});

describe("a quantized folder", () => {
  beforeAll(async () => {
    await saveModel(at("q"), quantizeModel(tinyBert(), formatsOf("bert", "int8")));
  });

  test("can embed and not be changed", async () => {
    await expect(loadModel(at("q"))).rejects.toThrow(/quantized model cannot be changed.*made of/);
  });

  test.each<[string, (config: Record<string, unknown>) => void, RegExp]>([
    [
      "of another method",
      (q) => Object.assign(q, { quant_method: "gptq" }),
      /another method.*gptq/,
    ],
    [
      "without groups",
      (q) => Object.assign(q, { config_groups: 3 }),
      /config_groups is not usable/,
    ],
    [
      "that names a layer which holds floats",
      (q) => groupOf(q).targets.push("pooler.dense"),
      /its codes are not there.*pooler/,
    ],
    [
      "that names no layer of the architecture",
      (q) => groupOf(q).targets.push("embeddings.LayerNorm"),
      /codes are not there/,
    ],
    ["by a pattern", (q) => groupOf(q).targets.splice(0, 9, "re:.*"), /targets are not usable/],
    [
      "with zero points",
      (q) => Object.assign(groupOf(q).weights, { symmetric: false }),
      /not built/,
    ],
    [
      "with one scale a tensor",
      (q) => Object.assign(groupOf(q).weights, { strategy: "tensor" }),
      /not built/,
    ],
    [
      "with static activations",
      (q) => Object.assign(groupOf(q).input_activations, { dynamic: false }),
      /not built/,
    ],
    ["that is missing", (q) => Object.assign(q, { config_groups: {} }), /does not have|no floats/],
  ])("%s is refused", async (_, change, message) => {
    const path = at("q", "config.json");
    const kept = await readFile(path, "utf8");
    const config = JSON.parse(kept);
    change(config[QUANTIZATION]);
    await writeFile(path, JSON.stringify(config));
    await expect(openEncoder(at("q"))).rejects.toThrow(message);
    await writeFile(path, kept);
  });
});

interface Group {
  targets: string[];
  weights: object;
  input_activations: object;
}
const groupOf = (quantization: Record<string, unknown>) =>
  (quantization.config_groups as Record<string, Group>).group_0;

test("whatever quantization_config holds, it is read or refused", () => {
  const formats = formatsOf("bert", "int8");
  const written = writeFormats(formats) as Record<string, fc.JsonValue>;
  const files = new Map(
    [...formats.keys()].flatMap((name) =>
      ["", "_scale"].map((suffix) => [`${name}${suffix}`, {} as never] as const),
    ),
  );
  expect([...readFormats({ [QUANTIZATION]: written }, files, "x")]).toEqual([...formats]);
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom(...Object.keys(written)), (value, key) => {
      for (const given of [value, { ...written, [key]: value }]) {
        try {
          readFormats({ [QUANTIZATION]: given }, files, "x");
        } catch (error) {
          expect(error).toBeInstanceOf(NearfoldError);
        }
      }
    }),
  );
});

test("a bag of tokens has a table and no layers", () => {
  expect(quantizable(tinyStatic())).toEqual({ layers: [], tables: ["embedding.weight"] });
});

describe("nearfold quantize", () => {
  test("writes a folder that embeds, and says what it cost", async () => {
    await saveModel(at("float"), tinyBert());
    await writeFile(at("texts.txt"), texts.join("\n"));
    const typed = ["quantize", at("float"), "--data", at("texts.txt"), "--out", at("small")];
    const { code, out, err } = await nearfold(typed);
    expect([code, err]).toEqual([0, expect.not.stringContaining("rror")]);
    expect(out).toMatch(/times fewer than .* MB\nCosine with the float vectors of 4 texts: 0\.9/);
    expect((await nearfold(["embed", at("small"), at("texts.txt")])).code).toBe(0);
    const again = await nearfold([
      "quantize",
      at("small"),
      "--data",
      at("texts.txt"),
      "--out",
      at("twice"),
    ]);
    expect([again.code, again.err]).toEqual([2, expect.stringContaining("made of")]);
  });

  test("without texts there is nothing to judge by", async () => {
    await writeFile(at("empty.txt"), "");
    const { code, err } = await nearfold([
      ...["quantize", at("float"), "--data", at("empty.txt"), "--out", at("none")],
    ]);
    expect([code, err]).toEqual([2, expect.stringMatching(/empty/)]);
  });
});
