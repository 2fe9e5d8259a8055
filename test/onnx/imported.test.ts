/** Graphs that others exported, held to the checkpoint's goldens: what they compute, its gradients, and a fine-tuning. */
import { describe, expect, test } from "vitest";
import { constant, graphOf } from "../../src/graph/node.ts";
import { infoNce } from "../../src/losses/index.ts";
import { encoderGraph } from "../../src/models/encoder-graph.ts";
import { exportGraph } from "../../src/models/export.ts";
import { type Head, poolingHead } from "../../src/models/head.ts";
import type { Model } from "../../src/models/index.ts";
import { type ImportedGraph, importGraph } from "../../src/models/onnx-architecture.ts";
import { batchingOf } from "../../src/nn/batching.ts";
import { decodeModel, encodeModel } from "../../src/onnx/index.ts";
import { openSession } from "../../src/runtime/session.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { GradientComputer } from "../../src/train/gradients.ts";
import { train } from "../../src/train/index.ts";
import { densified } from "../densified.ts";
import { goldenJson, goldenModel, goldenTensors, unpad } from "../golden.ts";
import { texts, tinyBert } from "../tiny-models.ts";
import { exporters, imported } from "./exports.ts";

const golden = goldenTensors("models/bert/golden");
const { lengths } = goldenJson<{ lengths: number[] }>("models/bert/golden");
const sequences = unpad(golden.get("input_ids")!, lengths);
const [, LONGEST, WIDTH] = golden.get("last_hidden_state")!.shape as [number, number, number];

/** Token vectors `[B, S, D]` and vectors of texts of an imported graph. */
async function run(
  { architecture, config, weights }: ImportedGraph,
  batch: readonly (readonly number[])[],
  head: Head = poolingHead("mean", { normalize: false }),
) {
  const batching = batchingOf(architecture, head);
  const { tokens, embeddings } = encoderGraph(architecture, config, head, batching.layout());
  const { opsets = {} } = architecture.imported ?? {};
  const { bytes } = encodeModel(graphOf({ tokens, embeddings }), { weights, opsets });
  await using session = await openSession(bytes);
  const found = await session.run(batching.pack(batch).feeds);
  return {
    tokens: found.tokens.data as Float32Array,
    embeddings: found.embeddings.data as Float32Array,
  };
}

function computerOf({ architecture, config }: ImportedGraph, chunkSize = 8) {
  const encoding = { architecture, config, head: poolingHead(), dropout: false };
  const objective = { loss: infoNce(), columns: 2, labels: 0, identity: false };
  return new GradientComputer(encoding, [objective], { chunkSize, seed: 1 });
}

describe.each(exporters)("BERT exported by %s", (exporter) => {
  test("gives the golden hidden states and vectors", async () => {
    const found = await run(await imported(`bert-${exporter}`), sequences);
    const close = { rtol: 1e-4, atol: 3e-5 };
    const wanted = golden.get("last_hidden_state")!.data as Float32Array;
    lengths.forEach((length, b) => {
      const from = b * LONGEST * WIDTH;
      const row = found.tokens.slice(from, from + length * WIDTH);
      expect(row).toBeClose(wanted.slice(from, from + length * WIDTH), close);
    });
    expect(found.embeddings).toBeClose(golden.get("mean")!.data as Float32Array, close);
  });

  test.each([8, 3])("gives the golden gradient of every weight, %i at a time", async (chunk) => {
    const graph = await imported(`bert-${exporter}`);
    const facts = goldenJson<{ loss: number; lengths: number[]; gradient_abs_max: number }>(
      "models/bert/grads",
    );
    const batch = unpad(goldenTensors("models/bert/grads_io").get("input_ids")!, facts.lengths);
    await using computer = computerOf(graph, chunk);
    const live = Object.fromEntries(graph.weights);
    const found = await computer.compute(live, { sequences: batch }, 0);
    expect([found.loss]).toBeClose([facts.loss], { rtol: 1e-5, atol: 0 });
    const all = densified(found, live);
    const tolerance = { rtol: 0, atol: 1e-5 * facts.gradient_abs_max };
    const wanted = goldenGradients(graph.weights);
    expect(wanted.size).toBe(37);
    for (const [name, data] of wanted) expect(all.get(name), name).toBeClose(data, tolerance);
  });

  test("is fine-tuned as the architecture of its own is", async () => {
    const [native, graph] = [tinyBert(), await imported(`bert-${exporter}`)];
    const foreign: Model = { ...native, ...graph };
    const [ours, theirs] = [await losses(native), await losses(foreign)];
    expect(theirs).toHaveLength(9);
    expect(theirs).toBeClose(ours, { rtol: 0, atol: 1e-4 });
    expect(theirs.at(-1)).toBeLessThan(0.75 * theirs[0]);
  });
});

/**
 * Golden gradients by the names that the export has. Exporters transpose matrices under names of their own (`onnx::MatMul_296`,
 * `val_41`), so a weight is found by its values.
 */
function goldenGradients(weights: ReadonlyMap<string, Tensor<"float32">>) {
  const checkpoint = goldenTensors("models/bert/model");
  const gradients = goldenTensors("models/bert/grads");
  const found = new Map<string, Float32Array>();
  for (const [name, weight] of weights) {
    if (name.startsWith("pooler.")) continue;
    const same = [...checkpoint].find(([own, { shape, data }]) =>
      checkpoint.has(name)
        ? own === name
        : shape.length === 2 && isSame(transposed(data as Float32Array, shape), weight.data),
    );
    const [own, { shape }] = same!;
    const gradient = gradients.get(own)!.data as Float32Array;
    found.set(name, own === name ? gradient : transposed(gradient, shape));
  }
  return found;
}

function transposed(data: Float32Array, [rows, columns]: readonly number[]): Float32Array {
  return data.map((_, at) => data[(at % rows) * columns + Math.floor(at / rows)]);
}

const isSame = (a: Float32Array, b: Float32Array) =>
  a.length === b.length && a.every((x, i) => x === b[i]);

/** The loss of each step of a short training, on pairs that share a word. */
async function losses(model: Model): Promise<number[]> {
  const words = [...new Set(texts.join(" ").split(/\W+/))].filter((word) => word.length > 2);
  const pairs = Array.from({ length: 24 }, (_, i) => ({
    anchor: `${words[i]} ${i}`,
    positive: `the ${words[i]}`,
    negatives: [],
  }));
  const steps: number[] = [];
  const options = { batchSize: 8, epochs: 3, learningRate: 1e-3, warmup: 0, seed: 3 };
  for await (const event of train(model, pairs, options)) {
    if (event.type === "step") steps.push(event.loss);
  }
  return steps;
}

describe("a quantized export", () => {
  test("runs, near the model that it was", async () => {
    const [exact, rounded] = await Promise.all(
      ["bert-optimum", "bert-int8"].map(async (name) => run(await imported(name), sequences)),
    );
    lengths.forEach((_, b) => {
      const [x, y] = [exact, rounded].map(({ embeddings }) =>
        embeddings.slice(b * WIDTH, (b + 1) * WIDTH),
      );
      expect(cosine(x, y)).toBeGreaterThan(0.99);
    });
  });

  test("refuses gradients by name, with the path", async () => {
    const graph = await imported("bert-int8");
    await using computer = computerOf(graph);
    const gradient = computer.compute(Object.fromEntries(graph.weights), { sequences }, 0);
    await expect(gradient).rejects.toThrow(
      /^node \S+_QuantizeLinear: DynamicQuantizeLinear has no gradient: it is not in the op table.* <- MatMulInteger \(\S+\) <- DynamicQuantizeLinear \(\S+\)$/,
    );
  });

  test("of which nothing is a float has nothing to train", async () => {
    const graph = await imported("bert-int8");
    await using computer = computerOf({ ...graph, architecture: frozen(graph) });
    const gradient = computer.compute({}, { sequences }, 0);
    await expect(gradient).rejects.toThrow(/no weights that can be trained/);
  });
});

/** The same graph with its weights as constants. */
function frozen({ architecture, config, weights }: ImportedGraph) {
  return {
    ...architecture,
    forward: (...[, , layout, dropout]: Parameters<typeof architecture.forward>) => {
      const read = (name: string) => constant(weights.get(name)!, name);
      return architecture.forward(config, read, layout, dropout);
    },
  };
}

function cosine(a: Float32Array, b: Float32Array): number {
  const dot = (x: Float32Array, y: Float32Array) => x.reduce((sum, v, i) => sum + v * y[i], 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}

describe.each(["if", "loop", "scan"] as const)("a graph with %s", (kind) => {
  const control = goldenJson<{
    input_ids: number[][];
    last_hidden_state: Record<string, number[]>;
  }>("onnx/control");

  test("runs", async () => {
    const graph = await imported(kind);
    const { tokens } = await run(graph, control.input_ids);
    // Three tokens in batches of eight: the rest is padding.
    const rows = [0, 1].flatMap((b) => [...tokens.slice(b * 8 * 4, b * 8 * 4 + 3 * 4)]);
    const wanted = control.last_hidden_state[kind];
    expect(rows).toBeClose(wanted, { rtol: 1e-6, atol: 1e-6 });
  });

  test("refuses gradients by name", async () => {
    const graph = await imported(kind);
    await using computer = computerOf(graph);
    const gradient = computer.compute(
      Object.fromEntries(graph.weights),
      { sequences: control.input_ids },
      0,
    );
    const op = kind[0].toUpperCase() + kind.slice(1);
    await expect(gradient).rejects.toThrow(
      new RegExp(
        `^node encoder\\.${kind}: ${op} has no gradient: .*<- ${op} \\(encoder\\.${kind}\\)$`,
      ),
    );
  });
});

test.each(["bert", "roberta", "xlm-roberta", "mpnet"])(
  "%s without its config takes texts as long as with it",
  (name) => {
    const { architecture, config, checkpoint } = goldenModel(name);
    const graph = exportGraph({ architecture, config, head: poolingHead() });
    const { bytes } = encodeModel(graph, { weights: checkpoint });
    const facts = { at: "model.onnx", pooled: false, vocabSize: 0 };
    const { config: found } = importGraph(decodeModel(bytes), facts);
    expect(found.maxTokens).toBe(architecture.maxTokens(config));
  },
);
