/** Mistral (Jiang et al., arXiv:2310.06825), as transformers' models/mistral/modeling_mistral.py computes it. */
import type { Architecture } from "./architecture.ts";
import type { ConfigReader } from "./config.ts";
import { type DecoderConfig, decoderEntry, parseDecoderConfig, withinOf } from "./decoder.ts";

/** Every layer slides, unless `sliding_window` is null; no layer has biases, whatever the config says. */
function parseMistralConfig(read: ConfigReader): DecoderConfig {
  const common = parseDecoderConfig(read, { theta: 10_000, maxPositions: 131_072, keyHeads: 8 });
  const config = { ...common, inputBias: false, outputBias: false };
  if (read.isNull("sliding_window")) return config;
  const window = read.count("sliding_window", 4096);
  const types = Array(common.layers).fill("sliding_attention");
  return { ...config, within: withinOf(types, window, common.causal) };
}

export const mistralEntry = {
  ...decoderEntry,
  parseConfig: parseMistralConfig,
} as const satisfies Architecture<DecoderConfig>;
