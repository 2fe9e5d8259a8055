import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openEncoder } from "../src/encoder/index.ts";
import { NearfoldError } from "../src/errors.ts";
import { loadModel, saveModel } from "../src/models/index.ts";
import { QUANTIZATION, readFormats, writeFormats } from "../src/models/quantization.ts";
import type { WeightFormat, WeightFormats } from "../src/nn/weight-format.ts";
import { parseWeightFormat, weightFormats } from "../src/nn/weight-formats.ts";
import {
  calibrateFormats,
  formatsFor,
  layerMoments,
  partsOf,
  quantizable,
  quantizeGuarded,
  quantizeModel,
} from "../src/quantize/index.ts";
import { openSession } from "../src/runtime/session.ts";
import { longs } from "../src/tensor/tensor.ts";
import { toTokenizer, trainWordPiece } from "../src/text/index.ts";
import { nearfold } from "./nearfold.ts";
import { temporaryFolder } from "./temporary.ts";
import { tinyBert, tinyLlama, tinyStatic } from "./tiny-models.ts";

const texts = ["the quick brown fox", "a lazy dog", "the fox is quick and the dog is lazy", "dog"];
const models = { bert: tinyBert, llama: tinyLlama };
const kinds = Object.keys(models) as (keyof typeof models)[];

function formatsOf(kind: keyof typeof models, name: string, table?: WeightFormat) {
  return formatsFor(quantizable(models[kind]()), parseWeightFormat(name), table);
}

/** Of which a text without words has no token. */
function bareTokenizer() {
  return toTokenizer(trainWordPiece(texts, { vocabSize: 512, wrap: false }));
}

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
const at = (...parts: string[]) => join(folder.path, ...parts);
beforeAll(async () => {
  folder = await temporaryFolder();
  await saveModel(at("float"), tinyBert());
});
afterAll(() => folder[Symbol.asyncDispose]());

async function vectorsOf(model: Parameters<typeof openEncoder>[0], given = texts) {
  await using encoder = await openEncoder(model);
  return (await encoder.encode(given)).vectors;
}

describe.each(
  kinds.flatMap((kind) =>
    ["int8", "int8-static", "int4-block32", "float16"].map((name) => [kind, name] as const),
  ),
)("%s in %s", (kind, name) => {
  const tables: Record<string, string> = { int8: "int8-rows", float16: "float16" };
  const table = tables[name] ? parseWeightFormat(tables[name]) : undefined;
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
    const file = name === "float16" ? "model_fp16.onnx" : "model_quantized.onnx";
    const path = at(`${kind}-${name}-graph`, "onnx", file);
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

describe("calibrated activations", () => {
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
    expect(found.raised).toEqual([]);
    expect(found.agreement).toEqual(found.unguarded);
    expect(found.model.formats!.size).toBe(formats.size);
  });

  test("gives the costliest layers their floats back until the vectors agree", async () => {
    const formats = formatsOf("bert", "int4-block32");
    const loose = await quantizeGuarded(tinyBert(), formats, { texts, agreement: 0.5 });
    const floor = (1 + loose.unguarded.mean) / 2;
    const found = await quantizeGuarded(tinyBert(), formats, { texts, agreement: floor });
    expect(found.raised.length).toBeGreaterThan(0);
    expect(found.agreement.mean).toBeGreaterThanOrEqual(floor);
    const costs = found.raised.map(({ cost }) => cost);
    expect(costs).toEqual(costs.toSorted((a, b) => b - a));
    for (const { weight, format } of found.raised) {
      expect([format, found.model.formats!.has(weight)]).toEqual(["float32", false]);
    }
    expect(found.model.formats!.size).toBe(formats.size - found.raised.length);
  });

  test("gives them finer codes first, and the folder says of each layer what it is", async () => {
    const formats = formatsOf("bert", "int4-block32");
    const { int8 } = weightFormats;
    const loose = await quantizeGuarded(tinyBert(), formats, { texts, agreement: 0.5 });
    const floor = (2 + loose.unguarded.mean) / 3;
    const options = { texts, agreement: floor, finer: () => [int8] };
    const found = await quantizeGuarded(tinyBert(), formats, options);
    expect(found.agreement.mean).toBeGreaterThanOrEqual(floor);
    const given = new Map(found.raised.map(({ weight, format }) => [weight, format]));
    expect([...given.values()]).toContain("int8");
    for (const weight of formats.keys()) {
      const name = found.model.formats!.get(weight)?.name ?? "float32";
      expect(name).toBe(given.get(weight) ?? "int4-block32");
    }
    await saveModel(at("mixed"), found.model);
    const config = JSON.parse(await readFile(at("mixed", "config.json"), "utf8"));
    expect(config[QUANTIZATION].format).toBe("mixed-precision");
    await using encoder = await openEncoder(at("mixed"));
    expect((await encoder.encode(texts)).vectors).toEqual(await vectorsOf(found.model));
  });

  test("where nothing is enough, one weight keeps its codes", async () => {
    const formats = formatsOf("bert", "int4-block32");
    const found = await quantizeGuarded(tinyBert(), formats, { texts, agreement: 1 - 1e-12 });
    expect(found.model.formats!.size).toBe(1);
  });

  test("a text without a vector says nothing", async () => {
    const formats = formatsOf("bert", "int8");
    const model = { ...tinyBert(), prompts: { query: "", document: "" } };
    const bare = { ...model, tokenizer: bareTokenizer() };
    const some = await quantizeGuarded(bare, formats, { texts, agreement: 0.9 });
    const more = await quantizeGuarded(bare, formats, { texts: [...texts, ""], agreement: 0.9 });
    expect(more.agreement).toEqual(some.agreement);
    const none = quantizeGuarded(bare, formats, { texts: [""], agreement: 0.9 });
    await expect(none).rejects.toThrow("no texts to judge by");
  });

  test.each([
    [{ texts: [] }, "no texts to judge by"],
    [{ texts, agreement: 1.5 }, "no cosine"],
  ])("%j is refused", async (options, message) => {
    const run = quantizeGuarded(tinyBert(), formatsOf("bert", "int8"), options);
    await expect(run).rejects.toThrow(message);
  });
});

describe("calibration", () => {
  const layers = quantizable(tinyBert()).layers;

  test("moments do not depend on batches, nor on padding", async () => {
    const all = await layerMoments(tinyBert(), texts, { layers });
    expect([...all.keys()].sort()).toEqual([...layers].sort());
    const apart = await Promise.all(
      texts.map((text) => layerMoments(tinyBert(), [text], { layers })),
    );
    for (const [weight, { shape, data }] of all) {
      const { shape: own } = tinyBert().weights.get(weight)!;
      expect(shape).toEqual([own[1], own[1]]);
      const sum = data.map((_, i) =>
        apart.reduce((total, one) => total + one.get(weight)!.data[i], 0),
      );
      expect(data).toBeClose(sum, { rtol: 1e-4, atol: 1e-4 });
      data.forEach((x, i) => {
        const [row, column] = [Math.floor(i / own[1]), i % own[1]];
        expect(data[column * own[1] + row]).toBeCloseTo(x, 3);
      });
    }
  });

  test("by them, the vectors of other texts are nearer to the float model's", async () => {
    const formats = formatsOf("bert", "int4-block32");
    const more = Array.from({ length: 40 }, (_, i) => `${texts[i % 4]} ${i} may be compared`);
    const moments = await layerMoments(tinyBert(), more, { layers });
    const wanted = await vectorsOf(tinyBert());
    const apart = async (model: Parameters<typeof openEncoder>[0]) => {
      const found = await vectorsOf(model);
      return found.reduce((sum, x, i) => sum + (x - wanted[i]) ** 2, 0);
    };
    const nearest = await apart(quantizeModel(tinyBert(), formats));
    const parts = partsOf(tinyBert(), moments);
    const found = await apart(quantizeModel(tinyBert(), formats, parts));
    expect(found).toBeLessThan(0.7 * nearest);
  });

  test("without a token there is nothing to calibrate by", async () => {
    const bare = { ...tinyBert(), tokenizer: bareTokenizer() };
    const run = layerMoments(bare, [""], { layers });
    await expect(run).rejects.toThrow("nothing to calibrate by");
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
  const words = ["fox", "dog", "lazy", "quick", "brown", "over", "jumps", "the", "of", "two"];
  const many = words.flatMap((a) =>
    words.flatMap((b) => [`the ${a} of ${b}`, `${a} and ${b} jumps`]),
  );
  const quantize = (...argv: readonly string[]) =>
    nearfold(["quantize", at("float"), "--data", at("many.txt"), ...argv]);

  test("what was measured on other texts lets it query the index of its float model, and not fill it", async () => {
    await writeFile(at("many.txt"), many.join("\n"));
    const docs = many.map((text, i) => JSON.stringify({ id: `d${i}`, text })).join("\n");
    await writeFile(at("docs.jsonl"), docs);
    const ran = await quantize("--weights", "int8", "--out", at("int8"), "--json");
    expect(ran.code, ran.err).toBe(0);
    const said = JSON.parse(ran.out);
    expect(said.heldOut.texts).toBeGreaterThanOrEqual(12);
    expect(said.heldOut.texts + said.texts).toBe(200);
    expect(said.heldOut.cosine).toBeGreaterThan(0.99);
    const index = ["--store", at("index")];
    await nearfold(["index", at("docs.jsonl"), "--model", at("float"), ...index]);
    const asked = ["search", at("index"), "the fox of dog", "--json"];
    const found = await nearfold([...asked, "--model", at("int8")]);
    expect(found.code, found.err).toBe(0);
    const hits = (out: string) => JSON.parse(out).hits.map(({ id }: { id: string }) => id);
    const own = new Set(hits((await nearfold(asked)).out));
    expect(own.intersection(new Set(hits(found.out))).size).toBeGreaterThanOrEqual(8);
    expect(found.err).toContain("in the space of float, to which it was fitted");
    const added = await nearfold(["index", at("docs.jsonl"), "--model", at("int8"), ...index]);
    expect([added.code, added.err]).toEqual([2, expect.stringContaining("of another space")]);
  });

  test("auto takes what suits this machine, and says so", async () => {
    const ran = await quantize("--out", at("auto"), "--json");
    expect(ran.code, ran.err).toBe(0);
    expect(ran.err).toMatch(/int[78]: (this processor|the system)/);
    expect(["int8", "int7"]).toContain(JSON.parse(ran.out).weights);
  });

  test("halves of floats are no codes: the folder is half as large, and can be changed", async () => {
    const ran = await quantize("--weights", "float16", "--out", at("half"), "--json");
    expect(ran.code, ran.err).toBe(0);
    const { bytes, floatBytes, heldOut } = JSON.parse(ran.out);
    expect(floatBytes / bytes).toBeGreaterThan(1.7);
    expect(heldOut.cosine).toBeGreaterThan(0.999);
    const { weights, formats } = await loadModel(at("half"));
    expect(formats).toBeUndefined();
    expect([...weights.values()].every(({ dtype }) => dtype === "float32")).toBe(true);
  });

  test("four bits by calibration, single layers as they are named, finer ones after 4 bits", async () => {
    const argv = ["--weights", "int4-block32", "--agreement", "0.9995", "--out", at("int4")];
    const chosen = ["--texts", "12", "--layers", "encoder.layer.0.*=float32,*.1.output.dense=int7"];
    const ran = await quantize(...argv, ...chosen, "--finer", "int8", "--json");
    expect(ran.code, ran.err).toBe(0);
    expect(ran.err).toContain('"task":"calibrating"');
    const formats = JSON.parse(await readFile(at("int4", "config.json"), "utf8"))[QUANTIZATION];
    const targets = Object.values<Group>(formats.config_groups).flatMap((group) => group.targets);
    expect(targets.filter((name) => name.startsWith("encoder.layer.0."))).toEqual([]);
    const { raised } = JSON.parse(ran.out);
    expect(raised.map(({ format }: { format: string }) => format)).toContain("int8");
    const none = await quantize("--layers", "decoder.*=int8", "--out", at("none"));
    expect([none.code, none.err]).toEqual([2, expect.stringContaining("no layer has such a name")]);
  });

  test("writes a folder that embeds, and says what it cost", async () => {
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
