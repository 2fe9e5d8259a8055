/** Qwen3 (arXiv:2505.09388), as transformers' models/qwen3/modeling_qwen3.py computes it. */
import type { Architecture } from "./architecture.ts";
import type { ConfigReader } from "./config.ts";
import { type DecoderConfig, decoderEntry, parseDecoderConfig, withinOf } from "./decoder.ts";
import { parseLayerTypes } from "./layer-types.ts";

/** Where `use_sliding_window` says so, the layers from `max_window_layers` on slide. */
function parseQwen3Config(read: ConfigReader): DecoderConfig {
  const defaults = { theta: 10_000, maxPositions: 32_768, keyHeads: 32, headWidth: 128 };
  const common = parseDecoderConfig(read, defaults);
  const sliding = read.boolean("use_sliding_window", false) && !read.isNull("sliding_window");
  const window = sliding ? read.count("sliding_window", 4096) : Number.POSITIVE_INFINITY;
  const first = read.number("max_window_layers", 28);
  const types = parseLayerTypes(read, common.layers, sliding ? (i) => i >= first : undefined);
  return { ...common, headNorms: true, within: withinOf(types, window, common.causal) };
}

export const qwen3Entry = {
  ...decoderEntry,
  parseConfig: parseQwen3Config,
  layers: {
    ...decoderEntry.layers,
    types: ({ within }) =>
      within.map((reach) => (Number.isFinite(reach) ? "sliding_attention" : "full_attention")),
  },
} as const satisfies Architecture<DecoderConfig>;
