import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseSafetensors } from "../tensor/safetensors.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { scoreBinary } from "./classification.ts";
import { averageRanks, kendall, pearson, spearman } from "./correlation.ts";
import type { Measure, MeasureName } from "./measures.ts";
import { rank } from "./rank.ts";
import { type Run, sortHits } from "./ranking.ts";
import { scoreRun } from "./retrieval.ts";

const folder = join(import.meta.dirname, "../../test/goldens/metrics");
const json = (name: string) => JSON.parse(readFileSync(join(folder, name), "utf8"));
const tensors = (name: string) => parseSafetensors(readFileSync(join(folder, name))).tensors;

describe("sentence-transformers' InformationRetrievalEvaluator", () => {
  const golden = json("ir.json");
  const vectors = tensors("ir.safetensors");
  const qrels = new Map(
    Object.entries<string[]>(golden.qrels).map(([id, relevant]) => [
      id,
      new Map(relevant.map((document) => [document, 1])),
    ]),
  );
  const names: Readonly<Record<string, MeasureName>> = {
    "accuracy@k": "accuracy",
    "precision@k": "precision",
    "recall@k": "recall",
    "ndcg@k": "ndcg",
    "mrr@k": "mrr",
    "map@k": "cappedMap",
  };

  it.each([
    ["cosine", "cosine", "queries", "documents"],
    ["dot_integer", "dot", "queries_integer", "documents_integer"],
  ] as const)("%s, ties by id ascending", (key, similarity, queries, documents) => {
    const found = rank(
      vectors.get(queries) as Tensor<"float32">,
      vectors.get(documents) as Tensor<"float32">,
      { ids: Array.from({ length: 300 }, (_, i) => `d${i}`), k: 100, similarity },
    );
    const run: Run = new Map(found.map((ranking, i) => [`q${i}`, ranking]));
    const { metrics, top10 } = golden[key];
    for (const [query, ids] of Object.entries(top10)) {
      expect(
        run
          .get(query)!
          .slice(0, 10)
          .map(({ id }) => id),
      ).toEqual(ids);
    }
    const wanted = Object.entries<Record<string, number>>(metrics).flatMap(([name, values]) =>
      Object.entries(values).map(
        ([k, value]) => [`${names[name]}@${k}` as Measure, value] as const,
      ),
    );
    const scores = scoreRun(run, qrels, { measures: wanted.map(([name]) => name) });
    expect(scores.queries.length).toBe(golden.queries_counted);
    expect(wanted.length).toBe(25);
    expect(wanted.map(([name]) => scores.mean[name])).toBeClose(
      wanted.map(([, value]) => value),
      { atol: 1e-12 },
    );
  });
});

describe("trec_eval", () => {
  const golden = json("graded.json");
  const maps = (table: Record<string, Record<string, number>>) =>
    new Map(Object.entries(table).map(([id, row]) => [id, new Map(Object.entries(row))]));
  const run: Run = new Map(
    maps(golden.run)
      .entries()
      .map(([query, scores]) => [
        query,
        sortHits(
          scores.entries().map(([id, score]) => ({ id, score })),
          { ties: "descending" },
        ),
      ]),
  );
  const measures = {
    ndcg: "ndcg",
    ndcg_cut_5: "ndcg@5",
    ndcg_cut_10: "ndcg@10",
    ndcg_cut_100: "ndcg@100",
    map: "map",
    map_cut_10: "map@10",
    map_cut_100: "map@100",
    recip_rank: "mrr",
    P_5: "precision@5",
    P_10: "precision@10",
    recall_5: "recall@5",
    recall_10: "recall@10",
    recall_100: "recall@100",
    success_1: "accuracy@1",
    success_5: "accuracy@5",
  } as const satisfies Record<string, Measure>;
  const scores = scoreRun(run, maps(golden.qrels), {
    measures: Object.values(measures),
    withoutRelevant: "zero",
  });

  it.each(Object.entries(measures))("%s is %s, ties by id descending", (theirs, ours) => {
    const wanted = scores.queries.map((query) => golden.per_query[query][theirs]);
    expect(scores.perQuery[ours]).toBeClose(wanted, { atol: 1e-6 });
    expect(scores.mean[ours]).toBeCloseTo(golden.mean[theirs], 6);
  });
});

describe("scipy.stats", () => {
  it.each(Object.entries<Record<string, number & number[]>>(json("correlation.json").cases))(
    "%s",
    (_, { x, y, ...wanted }) => {
      expect(pearson(x, y)).toBeCloseTo(wanted.pearson, 12);
      expect(spearman(x, y)).toBeCloseTo(wanted.spearman, 12);
      expect(kendall(x, y)).toBeCloseTo(wanted.kendall_tau_b, 12);
      expect([...averageRanks(x)]).toEqual(wanted.ranks_x);
    },
  );
});

describe("BinaryClassificationEvaluator", () => {
  const golden = json("binary.json");
  const vectors = tensors("binary.safetensors");
  const [e1, e2] = ["embeddings1", "embeddings2"].map(
    (name) => vectors.get(name) as Tensor<"float32">,
  );
  const labels = Array.from(vectors.get("labels")!.data as BigInt64Array, Number);
  const width = e1.shape[1];
  const sums = (term: (a: number, b: number) => number) =>
    labels.map((_, row) => {
      let sum = 0;
      for (let i = row * width; i < (row + 1) * width; i++) sum += term(e1.data[i], e2.data[i]);
      return sum;
    });
  const similarities: Readonly<Record<string, { scores: number[]; sign: number }>> = {
    cosine: { scores: sums((a, b) => a * b), sign: 1 },
    dot: { scores: sums((a, b) => a * b), sign: 1 },
    euclidean: { scores: sums((a, b) => (a - b) ** 2).map((x) => -Math.sqrt(x)), sign: -1 },
    manhattan: { scores: sums((a, b) => -Math.abs(a - b)), sign: -1 },
  };

  it.each(Object.entries<Record<string, number>>(golden.metrics))("%s", (name, wanted) => {
    const { scores, sign } = similarities[name];
    const { averagePrecision, bestAccuracy, bestF1 } = scoreBinary(scores, labels);
    expect(averagePrecision).toBeCloseTo(wanted.ap, 6);
    expect(bestAccuracy.accuracy).toBeCloseTo(wanted.accuracy, 6);
    expect(sign * bestAccuracy.threshold).toBeCloseTo(wanted.accuracy_threshold, 5);
    expect(bestF1.f1).toBeCloseTo(wanted.f1, 6);
    expect(sign * bestF1.threshold).toBeCloseTo(wanted.f1_threshold, 5);
    expect(bestF1.precision).toBeCloseTo(wanted.precision, 6);
    expect(bestF1.recall).toBeCloseTo(wanted.recall, 6);
    expect(bestF1.mcc).toBeCloseTo(wanted.mcc, 6);
  });

  it("tied scores", () => {
    const { scores, labels, ...wanted } = golden.tied;
    const { averagePrecision, rocAuc, bestAccuracy, bestF1 } = scoreBinary(scores, labels);
    expect(averagePrecision).toBeCloseTo(wanted.average_precision, 12);
    expect(rocAuc).toBeCloseTo(wanted.roc_auc, 12);
    expect(bestF1.f1).toBeCloseTo(wanted.f1, 12);
    expect(bestF1.threshold).toBeCloseTo(wanted.f1_threshold, 12);
    expect(bestF1.precision).toBeCloseTo(wanted.precision, 12);
    expect(bestF1.recall).toBeCloseTo(wanted.recall, 12);
    expect(bestAccuracy.accuracy).toBeCloseTo(wanted.accuracy, 12);
    expect(bestAccuracy.threshold).toBeCloseTo(wanted.accuracy_threshold, 12);
  });
});
