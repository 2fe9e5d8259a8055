/** Training through every head that sentence-transformers has: what is trained is what the encoder computes. */
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { openEncoder } from "../src/encoder/index.ts";
import { infoNce } from "../src/losses/index.ts";
import { loadModel, type Model } from "../src/models/index.ts";
import { type TrainEvent, type TrainOptions, train, trainToEnd } from "../src/train/index.ts";

const folder = (name: string) =>
  fileURLToPath(new URL(`goldens/sentence-transformers/${name}`, import.meta.url));

const pairs = [
  ["a quick fox", "the brown fox runs"],
  ["the dog sleeps", "a dog and a dog"],
  ["brown", "foxes run"],
  ["Dogs", "the fox; the dog"],
  ["a quick brown dog", "quick"],
  ["naïve fox", "café"],
].map(([anchor, positive]) => ({ anchor, positive, negatives: [] }));

const TEMPERATURE = 0.05;

/** InfoNCE (arXiv:1807.03748) of the encoder's vectors, cosines over the temperature. */
async function lossOf(model: Model): Promise<number> {
  await using encoder = await openEncoder(model);
  const unit = async (texts: readonly string[], role: "query" | "document") => {
    const { vectors, dims } = await encoder.encode(texts, { role });
    return texts.map((_, i) => {
      const row = [...vectors.subarray(i * dims, (i + 1) * dims)];
      const length = Math.hypot(...row);
      return row.map((x) => x / length);
    });
  };
  const anchors = await unit(
    pairs.map(({ anchor }) => anchor),
    "query",
  );
  const positives = await unit(
    pairs.map(({ positive }) => positive),
    "document",
  );
  const each = anchors.map((a, i) => {
    const scores = positives.map((p) => a.reduce((sum, x, d) => sum + x * p[d], 0) / TEMPERATURE);
    return Math.log(scores.reduce((sum, score) => sum + Math.exp(score), 0)) - scores[i];
  });
  return each.reduce((sum, x) => sum + x, 0) / each.length;
}

async function run(model: Model, options: TrainOptions) {
  const losses: number[] = [];
  const see = (event: TrainEvent) => event.type === "step" && losses.push(event.loss);
  const loss = infoNce({ temperature: TEMPERATURE });
  const all = { loss, batchSize: pairs.length, seed: 1, learningRate: 1e-2, warmup: 0, ...options };
  const trained = await trainToEnd(train(model, pairs, all), see);
  return { losses, trained };
}

describe.each(["chain", "dense", "no-prompt", "old", "static"])("%s", (name) => {
  test.each([
    ["one graph", 12],
    ["gradient caching", 5],
  ])("the loss of a step is that of the encoder's vectors: %s", async (_, chunkSize) => {
    const model = await loadModel(folder(name));
    const { losses } = await run(model, { epochs: 1, chunkSize });
    expect(losses).toBeClose([await lossOf(model)], { rtol: 1e-4, atol: 1e-5 });
  });

  test("learns, its dense layers and norms too", async () => {
    const model = await loadModel(folder(name));
    const { losses, trained } = await run(model, { epochs: 12 });
    expect(losses.at(-1)).toBeLessThan(0.7 * losses[0]);
    expect(await lossOf(trained)).toBeLessThan(0.7 * losses[0]);
    const head = [...model.weights.keys()].filter((key) => /^\d+_/.test(key));
    expect(head.length > 0).toBe(model.head.layers.some(({ type }) => type !== "normalize"));
    for (const key of head) {
      expect(trained.weights.get(key)!.data, key).not.toEqual(model.weights.get(key)!.data);
    }
  });
});

test.each(["asym", "router", "router-shared"])(
  "%s is not trained: it has two towers",
  async (name) => {
    const model = await loadModel(folder(name));
    await expect(run(model, {})).rejects.toMatchObject({
      code: "unsupported",
      message: expect.stringContaining("(a Router) cannot be trained"),
    });
  },
);

test("adapters go to the transformer, of which PEFT knows; the head stays as it was", async () => {
  const model = await loadModel(folder("dense"));
  const lora = { rank: 2, alpha: 4, targets: "all-linear" };
  const { trained } = await run(model, { lora, epochs: 1 });
  const adapted = trained.adapter!.sites.map(({ weight }) => weight);
  expect(adapted).toContain("encoder.layer.0.attention.self.query.weight");
  expect(adapted.filter((name) => /^\d+_/.test(name))).toEqual([]);
  const dense = "2_Dense.linear.weight";
  expect(trained.weights.get(dense)!.data).toEqual(model.weights.get(dense)!.data);
});
