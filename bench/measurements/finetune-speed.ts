import { stepInTurn } from "../finetuning.ts";
import { mean } from "../measure.ts";
import { notInstalled } from "../peer.ts";
import { needs } from "../real-data.ts";
import type { Finding, Measurement } from "../result.ts";
import { requireEqualLoss } from "../same-work.ts";
import { LOSS_TOLERANCE, openFinetuning, PEER } from "../scifact.ts";

const STEPS = 9;
const WARM_UPS = 2;

/** The first steps of the training that `finetune-scifact` takes to its end. Neither side's time holds tokenizing. */
export const finetuneSpeed: Measurement = {
  about:
    "fine-tuning all-MiniLM-L6-v2 on SciFact, 32 pairs of claim and abstract a step: real tokens a second",
  unit: "tokens/s",
  better: "higher",
  targets: [2],
  missing: needs("data", "miniLm"),
  async run(): Promise<Finding> {
    await using both = await openFinetuning();
    const { ours, peer } = both;
    const batches = both.batches.slice(0, WARM_UPS + STEPS);
    const sides = [() => ours.step(), ...(peer ? [peer.step] : [])];
    const [mine, theirs] = await stepInTurn(sides, batches, { warmUps: WARM_UPS });
    if (peer) requireEqualLoss(peer.name, mean(theirs.losses), mean(mine.losses), LOSS_TOLERANCE);
    return {
      ours: mine.tokensPerSecond,
      peers: peer
        ? [{ name: peer.name, figures: theirs.tokensPerSecond }]
        : [{ name: notInstalled(PEER) }],
      details: {
        tokensPerStep: mean(batches.map(({ tokens }) => tokens)),
        loss: mean(mine.losses),
        ...(peer && { peerLoss: mean(theirs.losses) }),
      },
    };
  },
};
