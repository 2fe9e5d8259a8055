/** Llama (Touvron et al., arXiv:2302.13971; arXiv:2407.21783), as transformers' models/llama/modeling_llama.py computes it. */
import type { Architecture } from "./architecture.ts";
import type { ConfigReader } from "./config.ts";
import { type DecoderConfig, decoderEntry, parseDecoderConfig } from "./decoder.ts";

function parseLlamaConfig(read: ConfigReader): DecoderConfig {
  const common = parseDecoderConfig(read, { theta: 10_000, maxPositions: 2048 });
  return { ...common, mlpBias: read.boolean("mlp_bias", false) };
}

export const llamaEntry = {
  ...decoderEntry,
  parseConfig: parseLlamaConfig,
} as const satisfies Architecture<DecoderConfig>;
