import { describe, expect, it } from "vitest";
import { loadPotion } from "../../test/potion.ts";
import { shared, sharedIsThere, whereShared } from "../../test/shared.ts";
import { readBeir } from "../data/beir.ts";
import { readSts } from "../data/sts.ts";
import { bm25 } from "./bm25.ts";
import { spearman } from "./correlation.ts";
import { rank } from "./rank.ts";
import type { Run } from "./ranking.ts";
import { bootstrapMean, pairedTest } from "./resample.ts";
import { scoreRun } from "./retrieval.ts";

/** The run of potion-base-2M on a BEIR folder, made once. */
async function rankByPotion(name: string) {
  const embed = await loadPotion();
  const set = await readBeir(shared("data", name));
  const found = rank(embed([...set.queries.values()]), embed([...set.documents.values()]), {
    ids: [...set.documents.keys()],
    k: 100,
  });
  const run: Run = new Map([...set.queries.keys()].map((id, i) => [id, found[i]]));
  return { ...set, scores: scoreRun(run, set.qrels) };
}

describe.skipIf(!sharedIsThere)(whereShared("known scores"), () => {
  const scifact = sharedIsThere ? rankByPotion("scifact") : undefined;

  // nDCG@10 by exact cosine, as another program measured it. With 512 tokens a text ours is 0.3604 and 0.2735; the
  // last digit is not explained (without that limit: 0.3559 and 0.2732).
  it("potion-base-2M on SciFact: 0.3603", async () => {
    const { scores } = (await scifact)!;
    expect(Math.abs(scores.mean["ndcg@10"] - 0.3603)).toBeLessThan(3e-4);
  });

  it("potion-base-2M on Cranfield: 0.2732", async () => {
    const { scores } = await rankByPotion("cranfield");
    expect(Math.abs(scores.mean["ndcg@10"] - 0.2732)).toBeLessThan(3e-4);
  });

  it("potion-base-2M on STS-B: 0.728", async () => {
    const embed = await loadPotion();
    const rows = await Array.fromAsync(readSts(shared("data/stsbenchmark/test.jsonl")));
    const one = embed(rows.map(({ sentence1 }) => sentence1));
    const other = embed(rows.map(({ sentence2 }) => sentence2));
    const width = one.shape[1];
    const cosines = rows.map((_, row) => {
      let sum = 0;
      for (let i = row * width; i < (row + 1) * width; i++) sum += one.data[i] * other.data[i];
      return sum;
    });
    const scores = rows.map(({ score }) => score);
    expect(spearman(cosines, scores)).toBeCloseTo(0.728, 3);
  });

  it("BM25 on SciFact is near what others publish, and surely better than potion-base-2M", async () => {
    const { documents, queries, qrels, scores: theirs } = (await scifact)!;
    const index = bm25(documents);
    const run = new Map(queries.entries().map(([id, text]) => [id, index.search(text, 100)]));
    const ours = scoreRun(run, qrels);
    // BEIR reports 0.665 with stemming and stop words (arXiv:2104.08663, table 2); here are neither.
    expect(ours.mean["ndcg@10"]).toBeGreaterThan(0.6);
    expect(ours.mean["ndcg@10"]).toBeLessThan(0.7);
    const { low, high } = bootstrapMean(ours.perQuery["ndcg@10"], { seed: 1 });
    expect(high - low).toBeGreaterThan(0.06);
    expect(high - low).toBeLessThan(0.12);
    const test = pairedTest(ours.perQuery["ndcg@10"], theirs.perQuery["ndcg@10"], { seed: 1 });
    expect(test.p).toBeLessThan(0.001);
  });
});
