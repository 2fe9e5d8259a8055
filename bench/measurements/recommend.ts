import {
  type Feedback,
  type HeldOut,
  itemCounts,
  itemKnn,
  judge,
  leaveLastOut,
  popularity,
  type Scorer,
  towerScorer,
  trainTowers,
} from "../../src/apps/recommend/index.ts";
import { comparePaired, meanStatistic, measure } from "../../src/evaluate/index.ts";
import { uniform } from "../../src/graph/index.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { miniLm } from "../../test/minilm.ts";
import { cachedVectors } from "../cached-vectors.ts";
import { readFilmTexts, readLikes } from "../films.ts";
import { mean } from "../measure.ts";
import { needs } from "../real-data.ts";
import type { Finding, Measurement } from "../result.ts";

/** What is tried for item-kNN on the validation split. */
const GRID = [20, 50, 100, 200].flatMap((neighbours) =>
  [0, 5, 10, 20].flatMap((shrinkage) =>
    [Number.POSITIVE_INFINITY, 50, 20, 10, 5].map((halfLife) => ({
      ...{ neighbours, shrinkage, halfLife },
    })),
  ),
);
const SEED = 42;
/** The share of the films that nobody is seen to like. */
const COLD = 0.1;

export const recommend: Measurement = {
  about:
    "MovieLens small, each user's last like among all films not liked before: nDCG@10 beside item-kNN and popularity; films that nobody is known to like beside chance",
  unit: "nDCG@10",
  better: "higher",
  targets: [1, 1],
  missing: needs("data", "miniLm"),
  async run(log): Promise<Finding> {
    const { feedback, bad } = await readLikes();
    const named = await readFilmTexts();
    const texts = await cachedVectors(
      miniLm,
      feedback.items.map((item) => named.get(item) ?? ""),
    );
    log(`${feedback.users.length} users, ${feedback.items.length} films; ${bad} bad rows`);
    const tuned = tuneKnn(leaveLastOut(feedback, { back: 1 }));
    log(`item-kNN, best on validation: ${JSON.stringify(tuned)}`);
    const test = leaveLastOut(feedback);
    const started = performance.now();
    const onStep = (done: number, total: number, loss: number) => {
      if (done % 100 === 0) log(`step ${done} of ${total}, loss ${loss.toFixed(3)}`);
    };
    const towers = towerScorer(await trainTowers(test.learnt, { texts, seed: SEED, onStep }));
    const seconds = (performance.now() - started) / 1000;
    const ours = judge(test, towers);
    const knn = judge(test, itemKnn(test.learnt, tuned));
    const popular = judge(test, popularity(test.learnt));
    const plain = judge(test, towerScorer(await trainTowers(test.learnt, { seed: SEED })));
    const cold = await coldStart(feedback, texts);
    return {
      ours: [mean(ours.ndcg)],
      peers: [
        { name: "item-kNN, tuned on validation", figures: [mean(knn.ndcg)] },
        { name: "popularity", figures: [mean(popular.ndcg)] },
      ],
      details: {
        users: ours.ndcg.length,
        trainingSeconds: seconds,
        recall: mean(ours.recall),
        knnRecall: mean(knn.recall),
        popularityRecall: mean(popular.recall),
        withoutTexts: mean(plain.ndcg),
        withoutTextsRecall: mean(plain.recall),
        ndcgOverKnn: difference(ours.ndcg, knn.ndcg),
        recallOverKnn: difference(ours.recall, knn.recall),
        ndcgOverPopularity: difference(ours.ndcg, popular.ndcg),
        recallOverPopularity: difference(ours.recall, popular.recall),
        knn: JSON.stringify(tuned),
        ...cold,
      },
    };
  },
};

/** The best options for item-kNN on the validation split. */
function tuneKnn(valid: HeldOut): (typeof GRID)[number] {
  const score = (options: (typeof GRID)[number]) =>
    mean(judge(valid, itemKnn(valid.learnt, options)).ndcg);
  const scored = GRID.map((options) => ({ options, score: score(options) }));
  return scored.reduce((a, b) => (b.score > a.score ? b : a)).options;
}

/** Films that no like was learnt of, ranked among themselves for those who like some: by the towers, by the texts alone, by chance. */
async function coldStart(feedback: Feedback, texts: Tensor<"float32">) {
  const isCold = Array.from(feedback.items, (_, row) => uniform(SEED, row, 9) < COLD);
  const histories = feedback.histories.map((history) => history.filter((row) => !isCold[row]));
  const learnt = { ...feedback, histories };
  const towers = await trainTowers(learnt, { texts, seed: SEED });
  const wanted = feedback.histories.map((history) => history.filter((row) => isCold[row]));
  const asked = wanted.flatMap((rows, user) => (rows.length > 0 ? [user] : []));
  const ndcg = measure("ndcg@10");
  const judged = (scorer: Scorer) =>
    asked.map((user) => {
      const scores = scorer(histories[user]);
      const ranking = isCold
        .flatMap((cold, row) => (cold ? [row] : []))
        .sort((a, b) => scores[b] - scores[a] || a - b);
      const judgements = new Map(Array.from(wanted[user], (row) => [String(row), 1]));
      return ndcg(ranking.map(String), judgements);
    });
  const found = judged(towerScorer(towers));
  const content = { ...towers, items: texts, choices: texts };
  const start = new Float32Array(texts.shape[1]);
  const byText = judged(towerScorer({ ...content, start }));
  let draw = 0;
  const chance = judged(() => {
    draw++;
    return Float32Array.from(isCold, (_, row) => uniform(SEED, draw, row, 10));
  });
  const likes = itemCounts(feedback).filter((_, row) => isCold[row]);
  return {
    coldFilms: likes.length,
    coldUsers: asked.length,
    cold: mean(found),
    coldByTextAlone: mean(byText),
    coldByChance: mean(chance),
    coldOverChance: difference(found, chance),
    coldTextOverChance: difference(byText, chance),
  };
}

/** "0.0213 [0.0101, 0.0326], p = 0.0004". */
function difference(ours: ArrayLike<number>, other: ArrayLike<number>): string {
  const pair = { ours: meanStatistic(ours), baseline: meanStatistic(other) };
  const compared = comparePaired({ pair }, ours.length, { seed: 1 }).pair;
  const { mean: middle, low, high } = compared.difference;
  const [m, l, h] = [middle, low, high].map((x) => x.toFixed(4));
  return `${m} [${l}, ${h}], p = ${compared.p.toPrecision(2)}`;
}
