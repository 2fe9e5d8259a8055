import { openBothSides, trainBothSides, type Work } from "./finetuning.ts";
import { mean } from "./measure.ts";
import { notInstalled } from "./peer.ts";
import type { Finding } from "./result.ts";

/** Real tokens a second of the first steps of a work, on both sides in turn. Neither side's time holds tokenizing. */
export async function finetuningSpeed(
  work: Work,
  { steps, warmUps = 2 }: { readonly steps: number; readonly warmUps?: number },
): Promise<Finding> {
  await using both = await openBothSides(work);
  const count = warmUps + steps;
  const { ours, peer } = await trainBothSides(both, work, { count, warmUps });
  return {
    ours: ours.tokensPerSecond,
    peers: [
      both.peer && peer
        ? { name: both.peer.name, figures: peer.tokensPerSecond }
        : { name: notInstalled(work.peer.name) },
    ],
    details: {
      tokensPerStep: mean(both.batches.slice(0, count).map(({ tokens }) => tokens)),
      loss: mean(ours.losses),
      ...(peer && { peerLoss: mean(peer.losses) }),
    },
  };
}
