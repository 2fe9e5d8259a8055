import { NearfoldError } from "../errors.ts";
import type { Architecture } from "./architecture.ts";
import { bertEntry } from "./bert.ts";
import { distilBertEntry } from "./distilbert.ts";
import { gemma3Entry } from "./gemma3.ts";
import { llamaEntry } from "./llama.ts";
import { mistralEntry } from "./mistral.ts";
import { modernBertEntry } from "./modernbert.ts";
import { mpnetEntry } from "./mpnet.ts";
import { nomicBertEntry } from "./nomic-bert.ts";
import { qwen3Entry } from "./qwen3.ts";
import { robertaEntry } from "./roberta.ts";
import { staticEntry } from "./static.ts";
import { t5Entry } from "./t5.ts";

/** Every architecture by the `model_type` of its config.json. Adding one: a file of config + forward, and an entry here. */
export const architectures = {
  bert: bertEntry,
  distilbert: distilBertEntry,
  roberta: robertaEntry,
  "xlm-roberta": robertaEntry,
  mpnet: mpnetEntry,
  nomic_bert: nomicBertEntry,
  modernbert: modernBertEntry,
  t5: t5Entry,
  llama: llamaEntry,
  mistral: mistralEntry,
  qwen3: qwen3Entry,
  gemma3_text: gemma3Entry,
  static: staticEntry,
} as const;

export type ModelType = keyof typeof architectures;

/** What to do about kinds that are near one of ours. */
const hints: Readonly<Record<string, string>> = {
  gemma3:
    "It reads images too: save its text part, whose model_type is gemma3_text, as a folder of its own",
};

/** @throws unsupported, naming the architectures there are */
export function architectureOf(modelType: unknown, at: string): Architecture {
  if (typeof modelType === "string" && Object.hasOwn(architectures, modelType)) {
    return architectures[modelType as ModelType] as Architecture;
  }
  throw new NearfoldError("unsupported", "unknown model_type", {
    at,
    got: JSON.stringify(modelType) ?? "nothing",
    wanted: `one of ${Object.keys(architectures).join(", ")}`,
    hint: "Any other encoder can be exported to ONNX, and its .onnx file named instead of the folder",
    ...(typeof modelType === "string" &&
      Object.hasOwn(hints, modelType) && { hint: hints[modelType] }),
  });
}
