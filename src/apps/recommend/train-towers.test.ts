import { describe, expect, it } from "vitest";
import { evaluate, fillNormal, sequence, toArray64 } from "../../graph/index.ts";
import { floats } from "../../tensor/tensor.ts";
import { toFeedback } from "./feedback.ts";
import { itemKnn } from "./item-knn.ts";
import { judge } from "./judge.ts";
import { leaveLastOut } from "./leave-last-out.ts";
import { popularity } from "./scorer.ts";
import { towerBatch } from "./tower-batch.ts";
import { towerGraph, weightNames } from "./tower-graph.ts";
import { towerScorer } from "./towers.ts";
import { trainTowers } from "./train-towers.ts";

/** Each user walks round in one of four groups of ten items; nobody has chosen the last item of a group. */
const GROUPS = 4;
const PER_GROUP = 10;
const items = Array.from({ length: GROUPS * PER_GROUP }, (_, row) => `i${row}`);
const next = sequence(3);
const walks = Array.from({ length: 80 }, (_, user) => {
  const group = user % GROUPS;
  const begin = Math.floor(next() * 9);
  return Array.from({ length: 6 }, (_, step) => ({
    user: `u${user}`,
    item: `i${group * PER_GROUP + ((begin + step) % 9)}`,
    time: step,
  }));
}).flat();
const feedback = toFeedback(walks, { items });
/** A text says which group an item is of, and little else. */
const texts = floats(
  Float32Array.from({ length: items.length * 8 }, (_, i) => {
    const [row, e] = [Math.floor(i / 8), i % 8];
    return e === Math.floor(row / PER_GROUP) ? 1 : 0.1 * Math.sin(7 * row + e);
  }),
  [items.length, 8],
);
const options = { dims: 16, epochs: 40, batchSize: 32, targets: 2, dropout: 0, learningRate: 0.02 };

describe("towers", () => {
  it("learn who goes on where: better than what is popular, and than what goes together", async () => {
    const heldOut = leaveLastOut(feedback);
    const share = (values: Float64Array) =>
      values.reduce((sum, value) => sum + value, 0) / values.length;
    const towers = judge(heldOut, towerScorer(await trainTowers(heldOut.learnt, options)), {
      k: 1,
    });
    const knn = judge(heldOut, itemKnn(heldOut.learnt), { k: 1 });
    const popular = judge(heldOut, popularity(heldOut.learnt), { k: 1 });
    expect(share(towers.recall)).toBeGreaterThan(0.8);
    expect(share(towers.recall)).toBeGreaterThan(share(knn.recall));
    expect(share(knn.recall)).toBeGreaterThan(share(popular.recall));
  });

  it("place by their text what nobody chose", async () => {
    const towers = await trainTowers(feedback, { ...options, texts });
    const score = towerScorer(towers);
    const cold = Array.from({ length: GROUPS }, (_, group) => (group + 1) * PER_GROUP - 1);
    for (let group = 0; group < GROUPS; group++) {
      const scores = score([group * PER_GROUP, group * PER_GROUP + 1]);
      const best = cold.reduce((a, b) => (scores[b] > scores[a] ? b : a));
      expect(best).toBe(cold[group]);
    }
  });

  it("are the same bytes of the same seed, and others of another", async () => {
    const few = { ...options, epochs: 2, texts };
    const [a, b, c] = [
      await trainTowers(feedback, few),
      await trainTowers(feedback, few),
      await trainTowers(feedback, { ...few, seed: 1 }),
    ];
    expect(a.items.data).toEqual(b.items.data);
    expect(a.choices.data).toEqual(b.choices.data);
    expect(a.items.data).not.toEqual(c.items.data);
  });

  it("say how far they are, and stop when they are told to", async () => {
    const stop = new AbortController();
    const seen: number[] = [];
    const training = trainTowers(feedback, {
      ...options,
      signal: stop.signal,
      onStep: (done, total) => {
        seen.push(done);
        expect(total).toBe(40 * 3);
        if (done === 5) stop.abort();
      },
    });
    await expect(training).rejects.toMatchObject({ code: "aborted" });
    expect(seen).toEqual([1, 2, 3, 4, 5]);
  });

  it("need two items", async () => {
    const one = toFeedback([{ user: "u", item: "a" }]);
    await expect(trainTowers(one)).rejects.toThrow("too little was chosen");
  });
});

describe("their loss", () => {
  it("is the corrected softmax of the batch, by hand", () => {
    const [history, known] = [Int32Array.of(0), Int32Array.of(0, 1, 2)];
    const examples = [
      { history, targets: Int32Array.of(1), known },
      { history: Int32Array.of(), targets: Int32Array.of(2, 3), known: Int32Array.of(2, 3) },
    ];
    const logQ = Float32Array.of(-3, -1, -2, -0.5);
    const feeds = towerBatch(examples, { logQ, halfLife: 10, dropped: () => false });
    const drawn = (stream: number, rows: number) =>
      floats(fillNormal(new Float32Array(rows * 3), { seed: 1, stream: [stream] }), [rows, 3]);
    const weights = {
      [weightNames.items]: drawn(0, 4),
      [weightNames.choices]: drawn(1, 4),
      [weightNames.start]: drawn(2, 1),
    };
    const { graph } = towerGraph({ items: 4, dims: 3, textDims: 0 });
    const fed = Object.entries({ ...weights, ...feeds });
    const [loss] = evaluate(
      [graph.outputs.loss],
      new Map(fed.map(([name, value]) => [name, toArray64(value)])),
    );
    const row = (name: keyof typeof weights, at: number) =>
      weights[name].data.subarray(3 * at, 3 * at + 3) as Float32Array;
    const score = (user: Float32Array, item: number) =>
      user.reduce((sum, x, d) => sum + x * row(weightNames.items, item)[d], 0) - logQ[item];
    const start = row(weightNames.start, 0);
    const first = start.map((x, d) => x + row(weightNames.choices, 0)[d]);
    const logSum = (scores: readonly number[]) =>
      Math.log(scores.reduce((sum, x) => sum + Math.exp(x), 0));
    // Item 2 is the first user's own, so no negative of theirs; item 0 is nobody's target.
    const one = logSum([score(first, 1), score(first, 3)]) - score(first, 1);
    const all = [1, 2, 3].map((item) => score(start, item));
    const two = logSum(all) - (all[1] + all[2]) / 2;
    expect(loss.data[0]).toBeCloseTo((one + two) / 2, 4);
  });
});
