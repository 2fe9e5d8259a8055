/** Which layers of a model see everything, and which a window. */
import type { ConfigReader } from "./config.ts";

const layerTypes = ["full_attention", "sliding_attention"] as const;

export type LayerType = (typeof layerTypes)[number];

/**
 * `layer_types`, or what a config without it says: whether a layer slides, by its number. Without a rule no layer may.
 * @throws bad-input for another number of layers
 */
export function parseLayerTypes(
  read: ConfigReader,
  layers: number,
  slides?: (layer: number) => boolean,
): readonly LayerType[] {
  const known = slides ? layerTypes : layerTypes.slice(0, 1);
  const given = read.choices("layer_types", known, layers);
  return given ?? Array.from({ length: layers }, (_, i) => layerTypes[slides?.(i) ? 1 : 0]);
}
