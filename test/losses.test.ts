import { describe, expect, test } from "vitest";
import { grad } from "../src/graph/grad.ts";
import { constant, graphOf, input, type Value } from "../src/graph/node.ts";
import { gather } from "../src/graph/ops/index.ts";
import { type InfoNceOptions, infoNce, type Loss, matryoshka } from "../src/losses/index.ts";
import { encodeModel } from "../src/onnx/encode.ts";
import { openSession } from "../src/runtime/session.ts";
import { floats, ints } from "../src/tensor/tensor.ts";
import { goldenJson, goldenTensors } from "./golden.ts";

const gte: InfoNceOptions = {
  directions: ["anchor-document", "anchor-anchor", "document-anchor", "document-document"],
};
const symmetric: InfoNceOptions = {
  directions: ["anchor-document", "document-anchor"],
  partition: "per-direction",
};

/** Each golden of sentence-transformers, and the loss that must give the same. */
const cases: Record<string, Loss> = {
  mnrl: infoNce(),
  mnrl_unnormalized: infoNce(),
  mnrl_dot_unnormalized: infoNce({ similarity: "dot", temperature: 1 }),
  mnrl_hard_negatives: infoNce(),
  mnrl_symmetric: infoNce(symmetric),
  mnrl_symmetric_hard_negatives: infoNce(symmetric),
  mnrl_gte: infoNce(gte),
  mnrl_gte_hard_negatives: infoNce(gte),
  mnrl_hardness_in_batch: infoNce({ hardness: { of: "in-batch", strength: 9 } }),
  mnrl_hardness_hard: infoNce({ hardness: { of: "hard-negatives", strength: 5 } }),
  matryoshka_mnrl: matryoshka(infoNce(), [16, 8, 4]),
  matryoshka_mnrl_weighted: matryoshka(infoNce(), [16, 8, 4], { weights: [1, 0.5, 0.25] }),
};

describe.each(Object.entries(cases))("%s", (name, loss) => {
  test("value and gradients as PyTorch's", async () => {
    const golden = goldenTensors(`losses/${name}`);
    const { loss: wanted } = goldenJson<{ loss: number }>(`losses/${name}`);
    const leaves = ["a", "p", "n"].flatMap((key) => {
      const found = golden.get(key);
      return found ? [[key, input(key, "float32", found.shape)] as const] : [];
    });
    const of = new Map(leaves);
    const n = of.get("n");
    const count = n ? (n.shape.length === 3 ? (n.shape[1] as number) : 1) : 0;
    const negatives = Array.from(
      { length: count },
      (_, i): Value => (n!.shape.length === 3 ? gather(n!, constant(ints([i], [])), 1) : n!),
    );
    const value = loss({ anchors: of.get("a")!, positives: of.get("p")!, negatives });
    const inputs = [...of.values()];
    const outputs = Object.fromEntries(grad(value, inputs).map((g, i) => [`d_${leaves[i][0]}`, g]));
    await using session = await openSession(encodeModel(graphOf({ value, ...outputs })).bytes);
    const feeds = Object.fromEntries(
      [...of.keys()].map((key) => [
        key,
        floats(golden.get(key)!.data as Float32Array, golden.get(key)!.shape),
      ]),
    );
    const found = await session.run(feeds);
    expect(found.value.data).toBeClose([wanted], { rtol: 1e-5, atol: 0 });
    for (const key of Object.keys(outputs)) {
      expect(found[key].data, key).toBeClose(golden.get(key)!.data as Float32Array, {
        rtol: 1e-4,
        atol: 1e-5,
      });
    }
  });
});

/** Three unit vectors; row 2 repeats row 0's document (or anchor), so neither may count against the other. */
describe("identity", () => {
  const rows = [1, 0, 0, 0.6, 0.8, 0, 1, 0, 0];
  const run = async (loss: Loss, anchorIds: number[], documentIds: number[]) => {
    const a = constant(floats([1, 0.2, 0, 0, 1, 0, 0.9, 0.1, 0.1], [3, 3]));
    const p = constant(floats(rows, [3, 3]));
    const identity = { anchors: constant(ints(anchorIds)), documents: constant(ints(documentIds)) };
    const value = loss({ anchors: a, positives: p, negatives: [], identity });
    await using session = await openSession(encodeModel(graphOf({ value })).bytes);
    return ((await session.run({})).value.data as Float32Array)[0];
  };
  /** By hand: the row's softmax without the entries that are its own document again. */
  const byHand = (masked: (i: number, j: number) => boolean) => {
    const unit = (v: number[]) => v.map((x) => x / Math.hypot(...v));
    const a = [
      [1, 0.2, 0],
      [0, 1, 0],
      [0.9, 0.1, 0.1],
    ].map(unit);
    const p = [rows.slice(0, 3), rows.slice(3, 6), rows.slice(6, 9)].map(unit);
    const score = (i: number, j: number) => a[i].reduce((sum, x, k) => sum + x * p[j][k], 0) / 0.05;
    const each = [0, 1, 2].map((i) => {
      const total = [0, 1, 2].reduce(
        (sum, j) => sum + (masked(i, j) ? 0 : Math.exp(score(i, j))),
        0,
      );
      return Math.log(total) - score(i, i);
    });
    return each.reduce((sum, x) => sum + x, 0) / 3;
  };
  const pair = (i: number, j: number) => i !== j && i !== 1 && j !== 1;
  test.each([
    ["no text is equal", [0, 1, 2], [3, 4, 5], () => false],
    ["equal documents", [0, 1, 2], [3, 4, 3], pair],
    ["equal anchors", [0, 1, 0], [3, 4, 5], pair],
  ] as const)("%s", async (_, anchors, documents, masked) => {
    const found = await run(infoNce(), [...anchors], [...documents]);
    expect([found]).toBeClose([byHand(masked)], { rtol: 1e-5, atol: 1e-6 });
  });
});

test.each([
  ["a temperature of 0", () => infoNce({ temperature: 0 }), /got 0, wanted a number above 0/],
  [
    "no direction holds the positive",
    () => infoNce({ directions: ["anchor-anchor"] }),
    /wanted anchor-document/,
  ],
  [
    "weights that do not fit",
    () => matryoshka(infoNce(), [8, 4], { weights: [1] }),
    /a weight for each/,
  ],
])("refuses %s", (_, make, message) => {
  expect(make).toThrow(message);
});
