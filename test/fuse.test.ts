/** Graphs that serve are fused; no vector may move by it: every architecture in floats and in codes, and a real model. */
import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { fuse } from "../src/fuse/index.ts";
import { graphOf, topological, type Value } from "../src/graph/node.ts";
import { encoderGraph } from "../src/models/encoder-graph.ts";
import { poolingHead } from "../src/models/head.ts";
import { loadModel } from "../src/models/load.ts";
import { type Batching, batchingOf } from "../src/nn/batching.ts";
import { asRead, quantizeWeights } from "../src/nn/quantized-weights.ts";
import { parseWeightFormat } from "../src/nn/weight-formats.ts";
import { encodeModel } from "../src/onnx/encode.ts";
import { formatsFor, quantizable, quantizeGuarded } from "../src/quantize/index.ts";
import { openSession } from "../src/runtime/session.ts";
import type { Tensor } from "../src/tensor/tensor.ts";
import { goldenJson, goldenModel, goldenTensors, unpad } from "./golden.ts";
import { miniLm, miniLmIsThere, whereMiniLm } from "./minilm.ts";
import { texts } from "./tiny-models.ts";

const names = readdirSync(new URL("goldens/models/", import.meta.url)).sort();

async function vectorsOf(
  values: readonly Value[],
  weights: ReadonlyMap<string, Tensor>,
  batching: Batching,
  sequences: readonly ArrayLike<number>[],
) {
  const { bytes } = encodeModel(graphOf({ vectors: values[0] }), { weights });
  await using session = await openSession(bytes, { memoryPattern: false });
  return (await session.run(batching.pack(sequences).feeds)).vectors.data as Float32Array;
}

describe.each(names)("%s", (name) => {
  test("serves the same vectors fused", async () => {
    const { architecture, config, checkpoint } = goldenModel(name);
    const golden = goldenTensors(`models/${name}/golden`);
    const { lengths } = goldenJson<{ lengths: number[] }>(`models/${name}/golden`);
    const sequences = unpad(golden.get("input_ids")!, lengths);
    const head = poolingHead("mean", { normalize: true });
    const batching = batchingOf(architecture, head);
    const { embeddings } = encoderGraph(architecture, config, head, batching.layout());
    const plain = await vectorsOf([embeddings], checkpoint, batching, sequences);
    const fused = await vectorsOf(fuse([embeddings]), checkpoint, batching, sequences);
    expect(fused).toBeClose(plain, { rtol: 0, atol: 1e-5 });
  });
});

describe.skipIf(!miniLmIsThere)(whereMiniLm("all-MiniLM-L6-v2"), () => {
  const sequencesOf = (model: Awaited<ReturnType<typeof loadModel>>) =>
    texts.map((text) => model.tokenizer.encode(text, { maxLength: model.maxTokens }).ids);

  test.each([
    ["float32", 0],
    ["int8-static", 36],
  ])("%s: fused in %i places, the same vectors", async (name, places) => {
    const model = await loadModel(miniLm);
    const formats =
      name === "float32"
        ? new Map()
        : formatsFor(quantizable(model), parseWeightFormat(name), undefined);
    const guarded = await quantizeGuarded(model, formats, { texts, agreement: 0.9 });
    const { architecture, config, head } = model;
    const batching = batchingOf(architecture, head);
    const { embeddings, weights } = encoderGraph(architecture, config, head, batching.layout());
    const shapeOf = (weight: string) => weights.get(weight)!.shape as number[];
    const read = asRead<Tensor>(guarded.model.weights, guarded.model.formats ?? new Map(), shapeOf);
    const plain = quantizeWeights([embeddings], guarded.model.formats ?? new Map());
    const fused = fuse(plain);
    const count = (values: readonly Value[]) =>
      topological(values).filter(({ op }) => op !== "Input" && op !== "Constant").length;
    expect(count(plain) - count(fused)).toBe(places);
    const sequences = sequencesOf(model);
    const wanted = await vectorsOf(plain, read, batching, sequences);
    const found = await vectorsOf(fused, read, batching, sequences);
    // Codes are rounded: where a float moves by its last bit, a code may move by one.
    expect(found).toBeClose(wanted, { rtol: 0, atol: name === "float32" ? 1e-5 : 2e-3 });
  });
});
