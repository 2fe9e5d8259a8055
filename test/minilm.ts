import { existsSync } from "node:fs";
import { join, resolve } from "node:path";

/** Models that are fetched, not part of the project: `NEARFOLD_MODELS`, or `.cache/models` where it is not set. */
const models = process.env.NEARFOLD_MODELS ?? resolve(import.meta.dirname, "../.cache/models");

export const miniLm = join(models, "all-minilm-l6-v2");

export const miniLmIsThere = existsSync(join(miniLm, "model.safetensors"));

/** The name of a test that needs it, with the reason where it is skipped. */
export function whereMiniLm(name: string): string {
  const reason = "all-minilm-l6-v2 is not in NEARFOLD_MODELS or .cache/models";
  return miniLmIsThere ? name : `${name} (skipped: ${reason})`;
}
