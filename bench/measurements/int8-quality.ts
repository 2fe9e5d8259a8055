import { readBeir } from "../../src/data/index.ts";
import { type Encoder, openEncoder } from "../../src/encoder/index.ts";
import { bootstrapMean } from "../../src/evaluate/index.ts";
import { miniLm } from "../../test/minilm.ts";
import { shared } from "../../test/shared.ts";
import { mean } from "../measure.ts";
import { miniLmInt8 } from "../minilm-int8.ts";
import { ndcg, rankAll, stsQuality } from "../quality.ts";
import { needs } from "../real-data.ts";
import type { Finding, Measurement } from "../result.ts";

/** nDCG@10 of each test query. */
async function perQuery(name: "scifact" | "cranfield", encoder: Encoder): Promise<Float64Array> {
  const set = await readBeir(shared(`data/${name}`), { split: "test" });
  return ndcg(await rankAll(set, encoder), set);
}

/** optimum's `avx512_vnni` export keeps 0.8183 of 0.8203 on STS-B: 0.9976. */
export const int8Quality: Measurement = {
  about:
    "share of MiniLM's STS-B, SciFact and Cranfield scores that its int8 weights keep: the least",
  unit: "of float32's",
  better: "higher",
  targets: [0.995],
  missing: needs("data", "miniLm"),
  async run(log): Promise<Finding> {
    await using int8 = await openEncoder(await miniLmInt8());
    await using float = await openEncoder(miniLm);
    const kept: number[] = [];
    const details: Record<string, string> = {};
    const note = (name: string, [ours, whole]: readonly number[], more = "") => {
      kept.push(ours / whole);
      details[name] =
        `${ours.toFixed(4)} of ${whole.toFixed(4)}: ${(ours / whole).toFixed(4)}${more}`;
      log(`${name}: ${details[name]}`);
    };
    note("STS-B", [await stsQuality(int8), await stsQuality(float)]);
    for (const name of ["scifact", "cranfield"] as const) {
      const [ours, whole] = [await perQuery(name, int8), await perQuery(name, float)];
      const { low, high } = bootstrapMean(
        ours.map((score, query) => score - whole[query]),
        { seed: 1 },
      );
      const interval = `, difference ${low.toFixed(4)} to ${high.toFixed(4)}`;
      note(`${name} nDCG@10`, [mean(ours), mean(whole)], interval);
    }
    return {
      ours: [Math.min(...kept)],
      peers: [{ name: "all-MiniLM-L6-v2 in float32", figures: [1] }],
      details,
    };
  },
};
