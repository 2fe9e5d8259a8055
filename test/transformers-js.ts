/** A tokenizer, and a model's folder, as transformers.js reads them. */
import { basename, dirname } from "node:path";
import {
  AutoTokenizer,
  env,
  LogLevel,
  PreTrainedModel,
  PreTrainedTokenizer,
  pipeline,
  type Tensor,
} from "@huggingface/transformers";
import { isNormalized } from "../src/models/head.ts";
import type { Model } from "../src/models/index.ts";
import { pipelinePooling } from "../src/models/model-card.ts";

interface Files {
  readonly json: string;
  readonly config: string;
}

/** Ids of a text, special tokens included. */
export function inTransformersJs({ json, config }: Files): (text: string) => number[] {
  const tokenizer = new PreTrainedTokenizer(JSON.parse(json), JSON.parse(config));
  return (text) => tokenizer.encode(text);
}

/** Vectors `[N, D]` of texts from a saved folder, by the calls that its model card names: a pipeline, or the graph's own output. */
export async function vectorsInTransformersJs(
  folder: string,
  texts: readonly string[],
  model: Model,
): Promise<Tensor> {
  env.allowRemoteModels = false;
  // It has no class of the name "static", says so, and takes its base class: which is right.
  env.logLevel = LogLevel.ERROR;
  env.localModelPath = dirname(folder);
  const name = basename(folder);
  const pooling = pipelinePooling(model);
  if (pooling) {
    const extract = await pipeline("feature-extraction", name, { dtype: "fp32" });
    try {
      return await extract([...texts], { pooling, normalize: isNormalized(model.head) });
    } finally {
      await extract.dispose();
    }
  }
  const tokenizer = await AutoTokenizer.from_pretrained(name);
  const graph = await PreTrainedModel.from_pretrained(name, { dtype: "fp32" });
  try {
    const inputs = tokenizer([...texts], { padding: true, truncation: true });
    const { sentence_embedding } = await graph(inputs);
    return sentence_embedding;
  } finally {
    await graph.dispose();
  }
}
