/** Which layers of a model see everything, and which a window. */
import type { ConfigReader } from "./config.ts";

const layerTypes = ["full_attention", "sliding_attention"] as const;

export type LayerType = (typeof layerTypes)[number];

/** `layer_types`, or what a config without it says: `sliding` of a layer's number. @throws bad-input for another number of layers */
export function parseLayerTypes(
  read: ConfigReader,
  layers: number,
  sliding: (layer: number) => boolean,
): readonly LayerType[] {
  const byRule = Array.from({ length: layers }, (_, i) => layerTypes[sliding(i) ? 1 : 0]);
  return read.choices("layer_types", layerTypes, layers) ?? byRule;
}
