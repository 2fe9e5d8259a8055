import type { ScoredPair } from "../../src/data/sts.ts";
import { spearman } from "../../src/evaluate/index.ts";
import type { Child } from "../child.ts";
import { openBothSides, trainBothSides } from "../finetuning.ts";
import { mean, median } from "../measure.ts";
import { notInstalled } from "../peer.ts";
import { readStsTest, stsOf } from "../quality.ts";
import { needs } from "../real-data.ts";
import type { Finding, Measurement } from "../result.ts";
import { captionsWork } from "../smollm2.ts";

/** Both sides adapt, and each embeds by itself. The two begin with other adapters, so they differ by chance. */
export const adaptLlm: Measurement = {
  about:
    "SmolLM2-135M adapted by LoRA of rank 16 on 80 steps of 32 pairs of captions: Spearman on STS-B test",
  unit: "ρ",
  better: "higher",
  targets: [0.97],
  missing: needs("data", "smolLm2"),
  async run(log): Promise<Finding> {
    const rows = await readStsTest();
    const wanted = rows.map(({ score }) => score);
    const work = await captionsWork();
    const before = await stsOf(work.model);
    log(`before: ${before.toFixed(4)}`);
    await using both = await openBothSides(work);
    const peerCosines = async ({ child }: { readonly child: Child }) =>
      spearman(await cosinesOfPeer(child, rows), wanted);
    const peerBefore = both.peer && (await peerCosines(both.peer));
    const { ours, peer } = await trainBothSides(both, work);
    const after = await stsOf(await both.ours.finish());
    log(`ours: ${after.toFixed(4)}`);
    const details = {
      before,
      steps: both.batches.length,
      loss: mean(ours.losses),
      tokensPerSecond: median(ours.tokensPerSecond),
    };
    if (!both.peer || !peer || peerBefore === undefined) {
      return { ours: [after], peers: [{ name: notInstalled(work.peer.name) }], details };
    }
    return {
      ours: [after],
      peers: [{ name: both.peer.name, figures: [await peerCosines(both.peer)] }],
      details: {
        ...details,
        peerBefore,
        peerLoss: mean(peer.losses),
        peerTokensPerSecond: median(peer.tokensPerSecond),
      },
    };
  },
};

async function cosinesOfPeer(peer: Child, rows: readonly ScoredPair[]): Promise<readonly number[]> {
  const pairs = rows.map(({ sentence1, sentence2 }) => [sentence1, sentence2]);
  return (await peer.ask<{ cosines: readonly number[] }>("cosines", { pairs })).cosines;
}
