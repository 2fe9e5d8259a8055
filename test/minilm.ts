import { existsSync } from "node:fs";
import { join, resolve } from "node:path";

/** Models that are fetched, not part of the project: `NEARFOLD_MODELS`, or `.cache/models` where it is not set. */
const models = process.env.NEARFOLD_MODELS ?? resolve(import.meta.dirname, "../.cache/models");

export const miniLm = join(models, "all-minilm-l6-v2");

export const miniLmIsThere = existsSync(join(miniLm, "model.safetensors"));

/** The reason a test gives for its skip. */
export const withoutMiniLm = "needs all-minilm-l6-v2 in NEARFOLD_MODELS or .cache/models";
