import { expect, test } from "vitest";
import { gradients } from "../src/graph/grad.ts";
import { graphOf, input, scalar } from "../src/graph/node.ts";
import { evaluate, toArray64 } from "../src/graph/reference.ts";
import { encoderGraph } from "../src/models/encoder-graph.ts";
import { loadModel } from "../src/models/index.ts";
import { languageHeadOf } from "../src/models/language-head.ts";
import { nextTokenLoss } from "../src/nn/language-head.ts";
import { pack } from "../src/nn/pack.ts";
import { packedLayout } from "../src/nn/packed-layout.ts";
import { packPredictions, predictionInputs } from "../src/nn/predictions.ts";
import { encodeModel } from "../src/onnx/encode.ts";
import { openSession } from "../src/runtime/session.ts";
import { floats, type Tensor } from "../src/tensor/tensor.ts";
import { shared, sharedIsThere, whereShared } from "./shared.ts";

/** By LlamaForCausalLM of transformers 5.23.0: the ids of `tokenizer.json` as tokenizers 0.23.3 reads it, and its loss on them as their own labels. */
const stories = [
  {
    text: "Once upon a time, there was a little girl named Lily. She loved to play outside in the sun.",
    ids: [1, 80, 147, 201, 282, 215, 286, 598, 1662, 887, 1584, 238, 515, 10],
    loss: 3.506749,
  },
  {
    text: "The dog ran to the park and played with a big red ball.",
    ids: [1, 80, 247, 401, 1547, 455, 100, 351, 1834, 1714, 10],
    loss: 7.34169,
  },
];

const what =
  "a real language model, TinyStories' Llama, predicts the next token as in transformers";
test.skipIf(!sharedIsThere)(whereShared(what), async () => {
  const model = await loadModel(shared("models/tinystories-656k"));
  const { architecture, config, head, tokenizer } = model;
  const sequences = stories.map(({ text }) => tokenizer.encode(text).ids);
  expect(sequences.map((ids) => [...ids])).toEqual(stories.map(({ ids }) => ids));

  const predictions = sequences.flatMap((ids, sequence) =>
    [...ids].slice(1).map((id, place) => ({ sequence, place, id })),
  );
  const packed = pack(sequences);
  const graph = encoderGraph(architecture, config, head, packedLayout(packed.blocks));
  const table = graph.weights.get(languageHeadOf(model))!;
  const loss = nextTokenLoss(graph.tokens, table, predictionInputs());
  await using session = await openSession(encodeModel(graphOf({ loss })).bytes);
  const feeds = { ...Object.fromEntries(model.weights), ...packed.feeds };
  const found = await session.run({ ...feeds, ...packPredictions(sequences, predictions) });
  const sum = stories.reduce((sum, { ids, loss }) => sum + (ids.length - 1) * loss, 0);
  const wanted = sum / predictions.length;
  expect(found.loss.data as Float32Array).toBeClose([wanted], { rtol: 1e-5, atol: 0 });
});

test("ONNX Runtime's loss and gradients are those of the reference", async () => {
  const [T, D, V] = [9, 6, 31];
  const wave = (rows: number, phase: number) =>
    floats(
      Float32Array.from({ length: rows * D }, (_, i) => Math.sin(12.9 * (i + phase))),
      [rows, D],
    );
  const tokens = input("tokens", "float32", ["T", D]);
  const head = input("head", "float32", [V, D]);
  const loss = nextTokenLoss(tokens, head, predictionInputs());
  const { dense } = gradients(new Map([[loss, scalar(1)]]), [tokens, head]);
  const values = { loss, "d.tokens": dense.get(tokens)!, "d.head": dense.get(head)! };
  const predictions = [0, 3, 3, 7].map((place, m) => ({ sequence: 0, place, id: (11 * m) % V }));
  const feeds: Record<string, Tensor> = {
    tokens: wave(T, 1),
    head: wave(V, 70),
    ...packPredictions([Array(T).fill(1)], predictions),
  };
  const reference = new Map(Object.entries(feeds).map(([name, fed]) => [name, toArray64(fed)]));
  const wanted = evaluate(Object.values(values), reference);
  await using session = await openSession(encodeModel(graphOf(values)).bytes);
  const found = await session.run(feeds);
  Object.keys(values).forEach((name, i) => {
    const close = { rtol: 1e-5, atol: 1e-7 };
    expect(found[name].data as Float32Array, name).toBeClose([...wanted[i].data], close);
  });
});
