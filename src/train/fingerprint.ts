import { createHash } from "node:crypto";
import type { Model } from "../models/model.ts";
import type { Settings } from "./options.ts";
import type { TokenBatches } from "./token-batches.ts";

/** Of everything that decides the bytes a run ends on. */
export function fingerprintOf(
  model: Model,
  plan: TokenBatches,
  settings: Settings,
  objective: string,
): string {
  const hash = createHash("sha256");
  hash.update(model.tokenizer.fingerprint);
  hash.update(JSON.stringify([model.configJson, model.head, model.maxTokens, plan.totalSteps]));
  // Frozen weights are not in the checkpoint: these are the base, and an adapter that was merged into it.
  hash.update(model.card.space.id);
  for (const { data } of model.adapter?.weights.values() ?? []) hash.update(data);
  hash.update(objective);
  // Functions and signals say nothing of the bytes; where a checkpoint lies does not either.
  const { resume: _, checkpoint: __, ...rest } = settings;
  hash.update(JSON.stringify(rest, (key, value) => (key === "signal" ? undefined : value)));
  for (let step = 0; step < Math.min(plan.totalSteps, 8); step++) {
    for (const sequence of plan.batch(step).batch.sequences) hash.update(Int32Array.from(sequence));
  }
  return hash.digest("hex");
}
