import { openEncoder } from "../../src/encoder/index.ts";
import { miniLm } from "../../test/minilm.ts";
import { miniLmInt8 } from "../minilm-int8.ts";
import { retrievalQuality, stsQuality } from "../quality.ts";
import { needs } from "../real-data.ts";
import type { Finding, Measurement } from "../result.ts";

const tasks = {
  "STS-B": stsQuality,
  "SciFact nDCG@10": (encoder) => retrievalQuality("scifact", encoder),
  "Cranfield nDCG@10": (encoder) => retrievalQuality("cranfield", encoder),
} as const satisfies Record<string, typeof stsQuality>;

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
    for (const [name, qualityOf] of Object.entries(tasks)) {
      const [ours, whole] = [await qualityOf(int8), await qualityOf(float)];
      kept.push(ours / whole);
      details[name] = `${ours.toFixed(4)} of ${whole.toFixed(4)}: ${(ours / whole).toFixed(4)}`;
      log(`${name}: ${details[name]}`);
    }
    return {
      ours: [Math.min(...kept)],
      peers: [{ name: "all-MiniLM-L6-v2 in float32", figures: [1] }],
      details,
    };
  },
};
