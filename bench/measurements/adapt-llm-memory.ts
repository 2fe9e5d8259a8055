import { join } from "node:path";
import { openChild } from "../child.ts";
import { openFinetuningPeer, type Step, stepInTurn } from "../finetuning.ts";
import { notInstalled } from "../peer.ts";
import { needs } from "../real-data.ts";
import type { Finding, Measurement } from "../result.ts";
import { captionsWork } from "../smollm2.ts";
import { textBatches } from "../text-batches.ts";
import type { StepTime } from "../training.ts";

const STEPS = 8;

interface Memory extends Readonly<Record<string, unknown>> {
  readonly peakMb: number;
}

/** Loading included; each side in a process of its own, on the same batches. */
export const adaptLlmMemory: Measurement = {
  about: `the most memory of ${STEPS} steps of adapting SmolLM2-135M by LoRA of rank 16, loading included`,
  unit: "MB",
  better: "lower",
  targets: [1],
  missing: needs("data", "smolLm2"),
  async run(): Promise<Finding> {
    const work = await captionsWork();
    const batches = textBatches(work.model, work.pairs, work.options);
    await using ours = openChild(process.execPath, [
      join(import.meta.dirname, "../workers/adapt-llm.ts"),
    ]);
    const peer = await openFinetuningPeer(work, batches.length);
    await using _ = peer?.child;
    const step: Step = () => ours.ask<StepTime & Readonly<Record<string, unknown>>>("step");
    await stepInTurn([step, ...(peer ? [peer.step] : [])], batches.slice(0, STEPS), 0);
    const { peakMb } = await ours.ask<Memory>("memory");
    if (!peer) return { ours: [peakMb], peers: [{ name: notInstalled(work.peer.name) }] };
    const { peakMb: theirs } = await peer.child.ask<Memory>("memory");
    return { ours: [peakMb], peers: [{ name: peer.name, figures: [theirs] }] };
  },
};
