/** Llama (Touvron et al., arXiv:2302.13971; arXiv:2407.21783), as transformers' models/llama/modeling_llama.py computes it. */
import type { ConfigReader } from "./config.ts";
import { type DecoderConfig, parseDecoderConfig } from "./decoder.ts";

export function parseLlamaConfig(read: ConfigReader): DecoderConfig {
  const common = parseDecoderConfig(read, { theta: 10_000, maxPositions: 2048 });
  return { ...common, mlpBias: read.boolean("mlp_bias", false) };
}
