import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openEncoder } from "../src/encoder/index.ts";
import { exportGraph, loadModel, type Model, poolingHead, saveModel } from "../src/models/index.ts";
import { poolingModes } from "../src/nn/pooling.ts";
import { encodeModel, loadModel as loadOnnx } from "../src/onnx/index.ts";
import { openSession } from "../src/runtime/session.ts";
import { longs } from "../src/tensor/tensor.ts";
import type { Encoding } from "../src/text/index.ts";
import { exportedModels, hardTexts } from "./exported-models.ts";
import { openWebModel } from "./onnxruntime-web.ts";
import { temporaryFolder } from "./temporary.ts";
import { texts, tinyBert, tinyStatic } from "./tiny-models.ts";
import { vectorsInTransformersJs } from "./transformers-js.ts";

const models: [string, () => Model, readonly string[]][] = [
  ["bert", tinyBert, ["1_Pooling/config.json", "sentence_bert_config.json"]],
  ["static", tinyStatic, []],
];
/** transformers.js cannot run a batch of no tokens: the empty text is ours alone. */
const spoken = texts.filter((text) => text !== "");

describe.each(models)("the saved folder of %s", (name, make, more) => {
  let temporary: Awaited<ReturnType<typeof temporaryFolder>>;
  let folder: string;
  let wanted: Float32Array;

  beforeAll(async () => {
    temporary = await temporaryFolder();
    folder = join(temporary.path, name);
    await saveModel(folder, make());
    await using encoder = await openEncoder(make());
    wanted = (await encoder.encode(spoken)).vectors;
  });
  afterAll(() => temporary[Symbol.asyncDispose]());

  test("has these files", async () => {
    const found = await readdir(folder, { recursive: true, withFileTypes: true });
    const files = found.filter((entry) => entry.isFile());
    const names = files.map((file) => join(file.parentPath, file.name).slice(folder.length + 1));
    expect(names.sort()).toEqual(
      [
        "README.md",
        "config.json",
        "config_sentence_transformers.json",
        "model.safetensors",
        "modules.json",
        "nearfold.json",
        "onnx/model.onnx",
        "tokenizer.json",
        "tokenizer_config.json",
        ...more,
      ].sort(),
    );
  });

  test("comes back as the same model, and gives the same vectors", async () => {
    const before = make();
    const after = await loadModel(folder);
    const { architecture, config, configJson, head, maxTokens, prompts, weights } = after;
    expect(architecture).toBe(before.architecture);
    expect({ config, configJson, head, maxTokens, prompts }).toEqual({
      config: before.config,
      configJson: before.configJson,
      head: before.head,
      maxTokens: before.maxTokens,
      prompts: before.prompts,
    });
    expect(after.card.lineage).toEqual(before.card.lineage);
    expect([...weights.keys()].sort()).toEqual([...before.weights.keys()].sort());
    await using encoder = await openEncoder(folder);
    await using first = await openEncoder(before);
    expect(encoder.space).toEqual(first.space);
    expect((await encoder.encode(spoken)).vectors).toEqual(wanted);
    expect((await encoder.encode(texts)).truncated).toEqual([6]);
  });

  test("saved again it is the same, byte for byte", async () => {
    const again = join(temporary.path, name, "..", "again", name);
    await saveModel(again, { ...(await loadModel(folder)), name: make().name });
    for (const file of ["model.safetensors", "nearfold.json", "tokenizer.json", "README.md"]) {
      const [a, b] = [await readFile(join(folder, file)), await readFile(join(again, file))];
      expect(b.equals(a), file).toBe(true);
    }
  });

  test("runs in onnxruntime-web, padded as alone", async () => {
    await using model = await openWebModel(join(folder, "onnx/model.onnx"));
    expect(model.inputs).toEqual(["attention_mask", "input_ids"]);
    const sequence = [5, 6, 7];
    const batch = await model.run([sequence, [8, 9, 10, 11]]);
    const alone = await model.run([sequence]);
    const [, width] = batch.sentence_embedding.dims;
    expect(batch.sentence_embedding.dims).toEqual([2, width]);
    expect(batch.last_hidden_state.dims).toEqual([2, 4, width]);
    const row = (batch.sentence_embedding.data as Float32Array).slice(0, width);
    const single = alone.sentence_embedding.data as Float32Array;
    expect(row).toBeClose(single, { rtol: 0, atol: 1e-5 });
  });

  test("the graph is of ONNX's own ops alone", async () => {
    const { opsets } = await loadOnnx(join(folder, "onnx/model.onnx"));
    expect(opsets).toEqual({ "": name === "bert" ? 17 : 13 });
  });

  test("README.md says what it is, with front matter for the Hub", async () => {
    const text = await readFile(join(folder, "README.md"), "utf8");
    expect(text.replace(/[0-9a-f]{64}(?=`)/, "…")).toMatchSnapshot();
  });
});

describe.each(Object.entries(exportedModels))("the folder of %s, in JavaScript", (name, make) => {
  const close = { rtol: 0, atol: 1e-4 };
  let temporary: Awaited<ReturnType<typeof temporaryFolder>>;
  let folder: string;
  let model: Model;
  let asked: readonly (readonly [text: string, encoding: Encoding, wanted: Float32Array])[];

  beforeAll(async () => {
    temporary = await temporaryFolder();
    folder = join(temporary.path, name);
    ({ model } = await make());
    await saveModel(folder, model);
    await using encoder = await openEncoder(folder);
    const { tokenizer, maxTokens: maxLength } = model;
    const { vectors, dims } = await encoder.encode(hardTexts);
    asked = hardTexts
      .map((text, i) => {
        const wanted = vectors.subarray(i * dims, (i + 1) * dims);
        return [text, tokenizer.encode(text, { maxLength }), wanted] as const;
      })
      // Neither runs a text of no tokens.
      .filter(([, { ids }]) => ids.length > 0);
  });
  afterAll(() => temporary[Symbol.asyncDispose]());

  test("gives transformers.js the same vectors, by the calls of its model card", async () => {
    // Of a text that is too long it cuts the special tokens at its end off too, which our tokenizer keeps.
    const whole = asked.filter(([, { truncated }]) => !truncated);
    const texts = whole.map(([text]) => text);
    const { data } = await vectorsInTransformersJs(folder, texts, model);
    expect(data).toBeClose(concat(whole), close);
  });

  test("gives onnxruntime-web the same, padded on either side", async () => {
    const sequences = asked.map(([, { ids }]) => ids);
    await using web = await openWebModel(join(folder, "onnx/model.onnx"));
    for (const pad of ["left", "right"] as const) {
      const { sentence_embedding } = await web.run(sequences, { pad });
      expect(sentence_embedding.data, pad).toBeClose(concat(asked), close);
    }
  });

  const concat = (rows: typeof asked) => rows.flatMap(([, , wanted]) => [...wanted]);
});

describe("sentence_embedding of the exported graph is the encoder's vector", () => {
  test.each(poolingModes.flatMap((mode) => [true, false].map((on) => [mode, on] as const)))(
    "%s, normalized: %s",
    async (pooling, normalize) => {
      const model = { ...tinyBert(), head: poolingHead(pooling, { normalize }) };
      const { weights, tokenizer } = model;
      const { bytes } = encodeModel(exportGraph(model), { weights });
      await using session = await openSession(bytes);
      await using encoder = await openEncoder(model);
      const text = "the lazy fox";
      const { ids } = tokenizer.encode(text);
      const { vectors } = await encoder.encode([text]);
      const padding = new Int32Array(3);
      const feeds = {
        input_ids: longs([...ids, ...padding], [1, ids.length + 3]),
        attention_mask: longs([...ids.map(() => 1), ...padding], [1, ids.length + 3]),
      };
      const { sentence_embedding } = await session.run(feeds);
      const found = sentence_embedding.data as Float32Array;
      expect(found).toBeClose(vectors, { rtol: 1e-5, atol: 1e-5 });
    },
  );
});
