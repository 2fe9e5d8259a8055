/** The most memory of some steps of adapting SmolLM2-135M, each side in a process of its own. */
import { join } from "node:path";
import { openChild } from "./child.ts";
import { openFinetuningPeer, type Step, stepInTurn } from "./finetuning.ts";
import { notInstalled } from "./peer.ts";
import type { Finding } from "./result.ts";
import { type Base, captionsWork } from "./smollm2.ts";
import { textBatches } from "./text-batches.ts";
import type { StepTime } from "./training.ts";

/** Steps that are taken. */
export const MEMORY_STEPS = 8;

interface Memory extends Readonly<Record<string, unknown>> {
  readonly peakMb: number;
}

/** Both sides on the same batches; megabytes. */
export async function peakOf(base: Base): Promise<Finding> {
  const work = await captionsWork({ base });
  const batches = textBatches(work.model, work.pairs, work.options);
  const worker = join(import.meta.dirname, "workers/adapt-llm.ts");
  await using ours = openChild(process.execPath, [worker, base]);
  const peer = await openFinetuningPeer(work, batches.length);
  await using _ = peer?.child;
  const step: Step = () => ours.ask<StepTime & Readonly<Record<string, unknown>>>("step");
  await stepInTurn([step, ...(peer ? [peer.step] : [])], batches.slice(0, MEMORY_STEPS), 0);
  const { peakMb } = await ours.ask<Memory>("memory");
  if (!peer) return { ours: [peakMb], peers: [{ name: notInstalled(work.peer.name) }] };
  const { peakMb: theirs } = await peer.child.ask<Memory>("memory");
  return { ours: [peakMb], peers: [{ name: peer.name, figures: [theirs] }] };
}
