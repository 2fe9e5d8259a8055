import { createHash, type Hash } from "node:crypto";
import type { Model } from "../models/model.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Settings } from "./options.ts";
import type { TokenBatches } from "./token-batches.ts";

/** Of everything that decides the bytes a run ends on; what its evaluations judge by is `settings.evaluateKey`. */
export function fingerprintOf(
  model: Model<Tensor>,
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
  for (const [weight, { name }] of settings.formats ?? []) hash.update(`${weight}: ${name}\n`);
  hashBatches(hash, plan);
  return hash.digest("hex");
}

/** Each text's tokens once, and of each step which texts stand where, as the run reads them. */
function hashBatches(hash: Hash, { totalSteps, batch: batchOf }: TokenBatches): void {
  const numbers = new Map<ArrayLike<number>, number>();
  const number = (tokens: ArrayLike<number>): number => {
    const known = numbers.get(tokens);
    if (known !== undefined) return known;
    hash.update(Int32Array.of(tokens.length)).update(Int32Array.from(tokens));
    numbers.set(tokens, numbers.size);
    return numbers.size - 1;
  };
  for (let step = 0; step < totalSteps; step++) {
    const { task = 0, sequences, promptTokens, labels, teacher } = batchOf(step).batch;
    hash.update(Int32Array.of(task, sequences.length)).update(Int32Array.from(sequences, number));
    if (promptTokens) hash.update(promptTokens);
    if (labels) hash.update(labels);
    if (teacher) hash.update(teacher);
  }
}
