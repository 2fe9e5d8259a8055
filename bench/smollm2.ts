/** SmolLM2-135M adapted by LoRA to pairs of captions: a decoder LLM becomes an embedder. */
import { loadModel, type Model } from "../src/models/index.ts";
import { formatsFor, quantizable, quantizeModel, weightFormats } from "../src/quantize/index.ts";
import type { Tensor } from "../src/tensor/tensor.ts";
import { defaultLoss, type TrainOptions } from "../src/train/options.ts";
import { smolLm2 } from "../test/smollm2.ts";
import { captionPairs, readCaptions } from "./captions.ts";
import type { Work } from "./finetuning.ts";

const TEMPERATURE = 0.05;
const STEPS = 80;
const BATCH = 32;

const lora = {
  rank: 16,
  alpha: 32,
  targets: ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"],
} as const;

/** Causal attention and mean pooling, as the checkpoint's folder has them; symmetric InfoNCE. */
const options = {
  loss: defaultLoss(TEMPERATURE),
  lora,
  epochs: 1,
  batchSize: BATCH,
  learningRate: 2e-4,
  warmup: 0.1,
  decay: "linear",
  weightDecay: 0.01,
  clip: 1,
  seed: 42,
} as const satisfies TrainOptions;

/** How the frozen weights of its linear layers are held. */
export type Base = "float32" | "int8";

export async function captionsWork({
  base = "float32",
}: {
  readonly base?: Base;
} = {}): Promise<Work> {
  const float = await loadModel(smolLm2);
  const model = base === "int8" ? asInt8(float) : float;
  const { rank: r, alpha: lora_alpha, targets: target_modules } = lora;
  return {
    model,
    pairs: captionPairs(await readCaptions(), { count: STEPS * BATCH, seed: options.seed }),
    options,
    peer: {
      script: "adapt_llm.py",
      name: "PyTorch 2.15 + PEFT 0.21 float32",
      request: {
        model: smolLm2,
        lora: { r, lora_alpha, lora_dropout: 0, target_modules },
        max_tokens: model.maxTokens,
        temperature: TEMPERATURE,
        attention: "sdpa",
      },
    },
    // New adapters change nothing, and those of the two sides differ.
    equalLoss: { of: "first", tolerance: base === "int8" ? 3e-2 : 1e-3 },
  };
}

/** What a folder holds that `nearfold quantize --tables float32` made. */
function asInt8(model: Model): Model<Tensor> {
  return quantizeModel(model, formatsFor(quantizable(model), weightFormats.int8, undefined));
}
