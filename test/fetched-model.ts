import { existsSync } from "node:fs";
import { join, resolve } from "node:path";

/** Where models lie that are fetched, not part of the project: `NEARFOLD_MODELS`, or `.cache/models` where it is not set. */
const models = process.env.NEARFOLD_MODELS ?? resolve(import.meta.dirname, "../.cache/models");

/** A model that is there on some machines. */
export function fetchedModel(name: string) {
  const folder = join(models, name);
  const isThere = existsSync(join(folder, "model.safetensors"));
  return {
    folder,
    isThere,
    /** The name of a test that needs it, with the reason where it is skipped. */
    where: (test: string): string =>
      isThere ? test : `${test} (skipped: ${name} is not in NEARFOLD_MODELS or .cache/models)`,
  };
}
