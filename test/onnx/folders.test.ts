/** Folders that hold a graph and no weights, as optimum and transformers.js lay them out: loaded, fine-tuned, saved, loaded again. */
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openEncoder } from "../../src/encoder/index.ts";
import { type Graph, graphOf, input, type Value } from "../../src/graph/node.ts";
import { cast, div, identity, mul, reduceSum, unsqueeze } from "../../src/graph/ops/index.ts";
import { substitute } from "../../src/graph/rewrite.ts";
import {
  adaptModel,
  loadModel,
  type Model,
  poolingHead,
  saveModel,
} from "../../src/models/index.ts";
import { encodeModel, loadModel as loadGraph, type ModelSource } from "../../src/onnx/index.ts";
import { openSession } from "../../src/runtime/session.ts";
import { longs } from "../../src/tensor/tensor.ts";
import { train, trainToEnd } from "../../src/train/index.ts";
import { goldenJson } from "../golden.ts";
import { jsonl, nearfold } from "../nearfold.ts";
import { temporaryFolder } from "../temporary.ts";
import { texts, tinyBert } from "../tiny-models.ts";
import { vectorsInTransformersJs } from "../transformers-js.ts";
import { exportedFolder, exporters, fixturePath } from "./exports.ts";

const bare = poolingHead("mean", { normalize: false });
const optimum = fixturePath("bert-optimum");

async function vectorsOf(model: Model | string): Promise<Float32Array> {
  await using encoder = await openEncoder(model);
  return (await encoder.encode(texts)).vectors;
}

/** The golden BERT as its own architecture reads it, without prompts. */
async function native(head = bare): Promise<Float32Array> {
  const model = { ...tinyBert(), head, maxTokens: 64, prompts: { query: "", document: "" } };
  return await vectorsOf(model);
}

describe("a graph is read", () => {
  test.each(exporters)("as %s lays it out, each text by itself in a padded batch", async (name) => {
    await using folder = await temporaryFolder();
    await exportedFolder(folder.path, fixturePath(`bert-${name}`));
    const found = await vectorsOf(folder.path);
    expect(found).toBeClose(await native(), { rtol: 1e-4, atol: 1e-5 });
  });

  test.each([
    ["from transformers.js' place", { place: "onnx/model.onnx" }, ""],
    ["without a config.json", { config: false }, ""],
    ["named itself", { place: "other.onnx" }, "other.onnx"],
    ["named itself, in a folder inside the tokenizer's", { place: "onnx/a.onnx" }, "onnx/a.onnx"],
  ] as const)("%s", async (_, options, file) => {
    await using folder = await temporaryFolder();
    await exportedFolder(folder.path, optimum, options);
    const { maxTokens, architecture, config, configJson } = await loadModel(
      join(folder.path, file),
    );
    const noConfig = "config" in options;
    expect(maxTokens).toBe(64);
    expect(configJson.model_type).toBe(noConfig ? undefined : "bert");
    expect(architecture.vocabSize(config)).toBe(512);
    expect(architecture.tables).toEqual(["embeddings.word_embeddings.weight"]);
    const found = await vectorsOf(join(folder.path, file));
    expect(found).toBeClose(await native(), { rtol: 1e-4, atol: 1e-5 });
  });

  test.each([
    [{ model_type: "bert" }, 64],
    [{ model_type: "camembert", max_position_embeddings: 40, pad_token_id: 1 }, 38],
    [{ model_type: "deberta-v2", max_position_embeddings: 40 }, 40],
    [{ model_type: "anything", max_position_embeddings: null }, 64],
  ])("with the positions of %o", async (facts, wanted) => {
    await using folder = await temporaryFolder();
    await exportedFolder(folder.path, optimum);
    const json = { ...goldenJson<object>("models/bert/config"), ...facts };
    await folder.write("config.json", JSON.stringify(json));
    expect((await loadModel(folder.path)).maxTokens).toBe(wanted);
  });

  test("and pooled as modules.json says", async () => {
    await using folder = await temporaryFolder();
    await exportedFolder(folder.path, optimum, { place: "onnx/model.onnx" });
    await writeModules(folder.path);
    const found = await vectorsOf(folder.path);
    expect(found).toBeClose(await native(poolingHead("cls")), { rtol: 1e-4, atol: 1e-5 });
  });
});

async function writeModules(folder: string): Promise<void> {
  const modules = ["", "1_Pooling", "2_Normalize"].map((path, idx) => ({
    idx,
    name: `${idx}`,
    path,
    type: `sentence_transformers.models.${path.split("_")[1] ?? "Transformer"}`,
  }));
  await writeFile(join(folder, "modules.json"), JSON.stringify(modules));
  await mkdir(join(folder, "1_Pooling"));
  const pooling = { word_embedding_dimension: 32, pooling_mode_cls_token: true };
  await writeFile(join(folder, "1_Pooling", "config.json"), JSON.stringify(pooling));
}

const pairs = Array.from({ length: 12 }, (_, i) => ({
  anchor: `which word is number ${i}`,
  positive: `word ${i} of a long text`,
  negatives: [],
}));

async function fineTuned(model: Model): Promise<Model> {
  return await trainToEnd(train(model, pairs, { batchSize: 6, learningRate: 1e-3 }));
}

describe("a fine-tuned graph", () => {
  test.each(exporters)("of %s is saved, and read again as it was", async (name) => {
    await using folder = await temporaryFolder();
    await exportedFolder(join(folder.path, "base"), fixturePath(`bert-${name}`));
    const base = await loadModel(join(folder.path, "base"));
    const model = await fineTuned(base);
    const saved = join(folder.path, "saved");
    await saveModel(saved, model);
    const [found, wanted] = [await vectorsOf(saved), await vectorsOf(model)];
    expect(found).toBeClose(wanted, { rtol: 0, atol: 1e-6 });
    const untouched = await vectorsOf(base);
    expect(Math.max(...found.map((x, i) => Math.abs(x - untouched[i])))).toBeGreaterThan(0.01);
    expect(await readdir(saved)).not.toContain("model.safetensors");
    // And trained again, from there.
    expect((await loadModel(saved)).weights.size).toBe(base.weights.size);
  });

  test("changes its weights in the file, and nothing else", async () => {
    await using folder = await temporaryFolder();
    await exportedFolder(join(folder.path, "base"), optimum);
    const model = await fineTuned(await loadModel(join(folder.path, "base")));
    await saveModel(join(folder.path, "saved"), model);
    const [old, now] = [
      await loadGraph(optimum),
      await loadGraph(join(folder.path, "saved", "onnx", "model.onnx")),
    ];
    expect(plain(now.source)).toEqual(plain(old.source));
    expect([...now.weights.keys()]).toEqual([...old.weights.keys()]);
    const name = "encoder.layer.0.output.dense.bias";
    expect(now.weights.get(name)).toEqual(model.weights.get(name));
    expect(now.weights.get(name)).not.toEqual(old.weights.get(name));
  });

  test("runs bare in ONNX Runtime, by the names that it had", async () => {
    await using folder = await temporaryFolder();
    await exportedFolder(join(folder.path, "base"), optimum);
    const model = await fineTuned(await loadModel(join(folder.path, "base")));
    await saveModel(join(folder.path, "saved"), model);
    await using session = await openSession(join(folder.path, "saved", "onnx", "model.onnx"));
    expect([...session.inputNames].sort()).toEqual([
      "attention_mask",
      "input_ids",
      "token_type_ids",
    ]);
    const ids = model.tokenizer.encode(texts[0]).ids;
    const shape = [1, ids.length];
    const ones = longs(Array(ids.length).fill(1), shape);
    const { last_hidden_state: states } = await session.run({
      input_ids: longs(ids, shape),
      attention_mask: ones,
      token_type_ids: longs(Array(ids.length).fill(0), shape),
    });
    const mean = Array.from({ length: 32 }, (_, d) =>
      [...ids.keys()].reduce((sum, t) => sum + Number(states.data[t * 32 + d]) / ids.length, 0),
    );
    expect(mean).toBeClose((await vectorsOf(model)).slice(0, 32), { rtol: 1e-4, atol: 1e-5 });
  });

  test("gives the same vectors in transformers.js", async () => {
    await using folder = await temporaryFolder();
    await exportedFolder(join(folder.path, "base"), optimum);
    const model = await fineTuned(await loadModel(join(folder.path, "base")));
    const saved = join(folder.path, "saved");
    await saveModel(saved, model);
    // It runs no text of no tokens, and cuts the special tokens at the end of a long one off.
    const kept = texts.filter((text) => text.length > 0 && text.length < 100);
    const found = await vectorsInTransformersJs(saved, kept, model);
    await using encoder = await openEncoder(model);
    const { vectors } = await encoder.encode(kept);
    expect(found.data as Float32Array).toBeClose(vectors, { rtol: 0, atol: 1e-4 });
  });

  test("is trained and used by the commands", async () => {
    await using folder = await temporaryFolder();
    await exportedFolder(join(folder.path, "base"), optimum);
    await folder.write("pairs.jsonl", jsonl(pairs));
    const at = (name: string) => join(folder.path, name);
    const base = join(at("base"), "model.onnx");
    const more = ["--epochs", "1", "--batch-size", "4"];
    const trained = await nearfold([
      "train",
      at("pairs.jsonl"),
      "--base",
      base,
      "--out",
      at("out"),
      ...more,
    ]);
    expect(trained).toMatchObject({ code: 0 });
    await folder.write("lines.txt", "one text\nanother");
    const embedded = await nearfold(["embed", at("out"), at("lines.txt")]);
    expect(embedded).toMatchObject({ code: 0 });
    const lines = embedded.out.trim().split("\n");
    expect(lines.map((line) => JSON.parse(line).vector.length)).toEqual([32, 32]);
  });
});

/** A source as plain text and bytes, to be compared. */
function plain({ message, initializers }: ModelSource) {
  return {
    message: Buffer.from(message).toString("base64"),
    initializers: initializers.map(({ head, value, ...rest }) => ({
      ...rest,
      head: Buffer.from(head).toString("base64"),
      value,
    })),
  };
}

/** The folder of optimum's graph, changed. */
async function changedFolder(folder: string, change: (graph: Graph) => Graph): Promise<string> {
  const { graph, weights, opsets } = await loadGraph(optimum);
  await exportedFolder(folder, optimum);
  const { bytes } = encodeModel(change(graph), { weights, opsets });
  await writeFile(join(folder, "model.onnx"), bytes);
  return folder;
}

/** The mean of the token vectors, as a graph computes it that is exported with its pooling. */
function pooledBy({ inputs, outputs }: Graph): Graph {
  const mask = inputs.find(({ node }) => node.name === "attention_mask") as Value;
  const weights = unsqueeze(cast(mask, "float32"), [2]);
  const { last_hidden_state: tokens } = outputs;
  const sum = reduceSum(mul(tokens, weights), { axes: [1] });
  const sentence_embedding = div(sum, reduceSum(weights, { axes: [1] }));
  return graphOf({ token_embeddings: identity(tokens), sentence_embedding });
}

describe("a graph that pools by itself", () => {
  test("gives its own vectors, and is trained and saved with them", async () => {
    await using folder = await temporaryFolder();
    const base = await changedFolder(join(folder.path, "base"), pooledBy);
    expect(await vectorsOf(base)).toBeClose(await native(), { rtol: 1e-4, atol: 1e-5 });
    const model = await fineTuned(await loadModel(base));
    expect(model.head.pooling).toEqual([]);
    const saved = join(folder.path, "saved");
    await saveModel(saved, model);
    expect(await readdir(saved)).not.toContain("modules.json");
    expect(await vectorsOf(saved)).toBeClose(await vectorsOf(model), { rtol: 0, atol: 1e-6 });
    expect(() => adaptModel(model, { pooling: "cls" })).toThrow(/pools by itself \(got cls\)/);
  });

  test("is pooled by modules.json where there is one", async () => {
    await using folder = await temporaryFolder();
    await changedFolder(folder.path, pooledBy);
    await writeModules(folder.path);
    const found = await vectorsOf(folder.path);
    expect(found).toBeClose(await native(poolingHead("cls")), { rtol: 1e-4, atol: 1e-5 });
  });
});

describe("refuses", () => {
  const renamed = (name: string, to: string) => (graph: Graph) => ({
    ...graph,
    outputs: { [to]: graph.outputs[name] as Value },
  });
  const fixedSize = ({ inputs, outputs }: Graph): Graph => {
    const fixed = new Map(
      inputs.slice(0, 1).map((value) => [value, input("input_ids", "int64", [1, 128])]),
    );
    const [tokens] = substitute([outputs.last_hidden_state as Value], fixed);
    return {
      inputs: inputs.map((value) => fixed.get(value) ?? value),
      outputs: { last_hidden_state: tokens },
    };
  };
  const withInput = (graph: Graph): Graph => {
    const extra = input("pixel_values", "float32", ["batch_size"]);
    const { last_hidden_state: tokens } = graph.outputs;
    const shifted = mul(tokens, unsqueeze(extra, [1, 2]));
    return { inputs: [...graph.inputs, extra], outputs: { last_hidden_state: shifted } };
  };

  test.each([
    [
      "another output",
      renamed("last_hidden_state", "logits"),
      /model\.onnx: the graph has no output that is a vector of a text \(got logits, wanted one of /,
    ],
    [
      "another input",
      withInput,
      /takes other inputs than a text gives \(got .*pixel_values.*, wanted input_ids and attention_mask; of others token_type_ids, position_ids\)/,
    ],
    [
      "sizes that are fixed",
      fixedSize,
      /model\.onnx, input_ids: an input of fixed size \(got int64\[1,128\], wanted int64\[batch_size,sequence_length\], both of any size/,
    ],
  ])("%s", async (_, change, message) => {
    await using folder = await temporaryFolder();
    await changedFolder(folder.path, change);
    await expect(loadModel(folder.path)).rejects.toThrow(message);
  });

  test("a folder of graphs of other names", async () => {
    await using folder = await temporaryFolder();
    await exportedFolder(folder.path, optimum, { place: "onnx/model_int8.onnx" });
    await expect(loadModel(folder.path)).rejects.toThrow(
      /several graphs, or none of the usual name \(got model_int8\.onnx, wanted model\.onnx or onnx\/model\.onnx\)/,
    );
  });

  test("a file of another kind", async () => {
    await using folder = await temporaryFolder();
    const path = await folder.write("model.gguf", "GGUF");
    await expect(loadModel(path)).rejects.toThrow(
      /got a file, wanted a model's folder, or its \.onnx file/,
    );
  });

  test("more tokens than positions", async () => {
    await using folder = await temporaryFolder();
    await exportedFolder(folder.path, optimum);
    await folder.write("sentence_bert_config.json", JSON.stringify({ max_seq_length: 65 }));
    await expect(loadModel(folder.path)).rejects.toThrow(
      /max_seq_length.*got 65, wanted at most 64/,
    );
  });

  test("a tokenizer of more tokens than the table has rows", async () => {
    await using folder = await temporaryFolder();
    await exportedFolder(folder.path, fixturePath("if"), { config: false });
    await expect(loadModel(folder.path)).rejects.toThrow(
      /does not fit the weights.*wanted below 16/,
    );
  });
});
