import { expect, test } from "vitest";
import { graphOf } from "../src/graph/node.ts";
import { encoderGraph } from "../src/models/encoder-graph.ts";
import { loadModel } from "../src/models/index.ts";
import { languageHeadOf } from "../src/models/language-head.ts";
import { nextTokenLoss } from "../src/nn/language-head.ts";
import { pack } from "../src/nn/pack.ts";
import { packedLayout } from "../src/nn/packed-layout.ts";
import { packPredictions, predictionInputs } from "../src/nn/predictions.ts";
import { encodeModel } from "../src/onnx/encode.ts";
import { openSession } from "../src/runtime/session.ts";
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
