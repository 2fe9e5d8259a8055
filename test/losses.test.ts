import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { grad } from "../src/graph/grad.ts";
import { constant, graphOf, input, type Value } from "../src/graph/node.ts";
import { gather } from "../src/graph/ops/index.ts";
import {
  type Columns,
  type Embeddings,
  infoNce,
  type Loss,
  losses,
  modifiers,
  parseLoss,
} from "../src/losses/index.ts";
import { encodeModel } from "../src/onnx/encode.ts";
import { openSession } from "../src/runtime/session.ts";
import { floats, ints, type Tensor } from "../src/tensor/tensor.ts";
import { goldenJson, goldenTensors } from "./golden.ts";

const symmetric = {
  name: "info-nce",
  directions: ["anchor-document", "document-anchor"],
  partition: "per-direction",
};
const gte = {
  name: "info-nce",
  directions: ["anchor-document", "anchor-anchor", "document-anchor", "document-document"],
};
const cosineTriplets = { distance: "cosine", margin: 0.3 };
const matryoshkaMnrl = { name: "matryoshka", loss: "info-nce", dims: [16, 8, 4] };
const dot = { name: "info-nce", similarity: "dot", temperature: 1 };
const gor = "global-orthogonal-regularization";

/** Each golden of sentence-transformers, and what a task file says for the same. */
const cases: Record<string, unknown> = {
  mnrl: "info-nce",
  mnrl_unnormalized: "info-nce",
  mnrl_dot_unnormalized: dot,
  mnrl_hard_negatives: "info-nce",
  mnrl_symmetric: symmetric,
  mnrl_symmetric_hard_negatives: symmetric,
  mnrl_gte: gte,
  mnrl_gte_hard_negatives: gte,
  mnrl_hardness_in_batch: { name: "info-nce", hardness: { of: "in-batch", strength: 9 } },
  mnrl_hardness_hard: { name: "info-nce", hardness: { of: "hard-negatives", strength: 5 } },
  matryoshka_mnrl: matryoshkaMnrl,
  matryoshka_mnrl_weighted: { ...matryoshkaMnrl, weights: [1, 0.5, 0.25] },
  cosent: "cosent",
  cosent_unnormalized: "cosent",
  angle: "angle",
  angle_unnormalized: "angle",
  cosine_similarity: "cosine-similarity",
  contrastive: "contrastive",
  contrastive_euclidean_sum: {
    name: "contrastive",
    distance: "euclidean",
    margin: 1.5,
    reduction: "sum",
  },
  online_contrastive: "online-contrastive",
  triplet_euclidean: "triplet",
  triplet_cosine: { name: "triplet", distance: "cosine" },
  triplet_manhattan_unnormalized: { name: "triplet", distance: "manhattan", margin: 1 },
  batch_hard_triplet: "batch-hard-triplet",
  batch_hard_triplet_cosine: { name: "batch-hard-triplet", ...cosineTriplets },
  batch_all_triplet: "batch-all-triplet",
  batch_all_triplet_cosine: { name: "batch-all-triplet", ...cosineTriplets },
  batch_semi_hard_triplet: "batch-semi-hard-triplet",
  batch_semi_hard_triplet_cosine: { name: "batch-semi-hard-triplet", ...cosineTriplets },
  batch_hard_soft_margin_triplet: "batch-hard-soft-margin-triplet",
  margin_mse: "margin-mse",
  margin_mse_scores: "margin-mse",
  distill_kl_div: "distill-kl-div",
  distill_kl_div_t2: { name: "distill-kl-div", similarity: "cosine", temperature: 0.5 },
  gist: { name: "gist", temperature: 0.05 },
  gist_negative_margin: {
    name: "gist",
    temperature: 0.05,
    margin: 0.4,
    marginStrategy: "relative",
  },
  gist_docs_only: { name: "gist", temperature: 0.05, margin: 0.3, contrast: [] },
  embed_distill_mse: { name: "embed-distill", distance: "mse" },
  embed_distill_l2: { name: "embed-distill", distance: "euclidean" },
  embed_distill_cosine: "embed-distill",
  embed_distill_cosine_3d: "embed-distill",
  mse: "mse",
  global_orthogonal_regularization: gor,
  global_orthogonal_regularization_collapsed: {
    name: gor,
    meanWeight: 0.5,
    secondMomentWeight: 2,
    aggregation: "sum",
  },
  flops: "flops",
  flops_threshold: { name: "flops", threshold: 7 },
  splade_mnrl: { name: "splade", loss: dot, documentWeight: 0.05, queryWeight: 0.03 },
};

const split = (x: Value): Value[] =>
  x.shape.length === 3
    ? Array.from({ length: x.shape[1] as number }, (_, i) => gather(x, constant(ints([i], [])), 1))
    : [x];

/** `a`, `p` and `n`, or `e`, as columns. */
function embeddingsOf(of: ReadonlyMap<string, Value>): Embeddings {
  const [positives, n] = [of.get("p"), of.get("n")];
  return {
    anchors: (of.get("a") ?? of.get("e"))!,
    ...(positives && { positives }),
    negatives: n ? split(n) : [],
  };
}

/** What is no leaf: labels, and a teacher's or guide's embeddings (which `labels` are where embeddings are distilled). */
function besides(name: string, golden: ReadonlyMap<string, Tensor>): Partial<Columns> {
  const held = (key: string) => {
    const { data, shape } = golden.get(key)!;
    return constant(floats(Float32Array.from(data as Float32Array, Number), shape));
  };
  const guide = ["a", "p", "n"].filter((key) => golden.has(`guide_${key}`));
  if (guide.length > 0) {
    return { teacher: embeddingsOf(new Map(guide.map((key) => [key, held(`guide_${key}`)]))) };
  }
  if (!golden.has("labels")) return {};
  const labels = held("labels");
  const distilled = goldenJson<{ class: string }>(`losses/${name}`).class;
  if (!["EmbedDistillLoss", "MSELoss"].includes(distilled)) return { labels };
  const [anchors, positives] = split(labels);
  return { teacher: { anchors, ...(positives && { positives }), negatives: [] } };
}

describe.each(Object.entries(cases))("%s", (name, json) => {
  test("value and gradients as PyTorch's", async () => {
    const golden = goldenTensors(`losses/${name}`);
    const { loss: wanted } = goldenJson<{ loss: number }>(`losses/${name}`);
    const keys = ["a", "p", "n", "e"].filter((key) => golden.has(key));
    const leaves = new Map(
      keys.map((key) => [key, input(key, "float32", golden.get(key)!.shape)] as const),
    );
    const columns = { ...embeddingsOf(leaves), ...besides(name, golden) };
    const value = parseLoss(json).loss(columns);
    const found = grad(value, [...leaves.values()]);
    const outputs = Object.fromEntries(found.map((g, i) => [`d_${keys[i]}`, g]));
    await using session = await openSession(encodeModel(graphOf({ value, ...outputs })).bytes);
    const feeds = Object.fromEntries(keys.map((key) => [key, golden.get(key)!]));
    const results = await session.run(feeds);
    expect(results.value.data).toBeClose([wanted], { rtol: 1e-5, atol: 0 });
    for (const key of Object.keys(outputs)) {
      // A temperature of 0.05 makes rounding of a cosine 20 times as large.
      const atol = name.startsWith("gist") ? 1e-4 : 1e-5;
      const data = golden.get(key)!.data as Float32Array;
      expect(results[key].data, key).toBeClose(data, { rtol: 1e-4, atol });
    }
  });
});

test("every golden has a case", () => {
  const files = readdirSync(new URL("goldens/losses", import.meta.url));
  const goldens = new Set(files.map((file) => file.replace(/\.\w+$/, "")));
  expect(Object.keys(cases).sort()).toEqual([...goldens].sort());
});

test("every loss has a golden, but for our own sum and Jasper's, which the contract works out by hand", () => {
  const namesIn = (json: unknown): string[] => {
    if (typeof json === "string") return [json];
    const { name, loss } = json as { readonly name: string; readonly loss?: unknown };
    return [name, ...(loss === undefined ? [] : namesIn(loss))];
  };
  const named = new Set(Object.values(cases).flatMap(namesIn));
  const all = Object.keys({ ...losses, ...modifiers });
  expect(all.filter((name) => !named.has(name))).toEqual([
    "similarity-matrix",
    "relative-ranking",
    "sum",
  ]);
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
