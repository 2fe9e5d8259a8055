/** The rotary position embedding of a config, in the spelling of transformers 5 and of those before. */
import type { Rope, RopeScaling } from "../nn/rope.ts";
import type { ConfigReader } from "./config.ts";

interface RopeDefaults {
  /** Where neither spelling names one. */
  readonly theta: number;
  /** The kind of layer, where a config has a rope for each: `sliding_attention`. @default one for all layers */
  readonly layerType?: string;
  /** The older key of the base. @default rope_theta */
  readonly legacyTheta?: string;
}

/**
 * `rope_parameters`, flat or by kind of layer, or else `rope_theta` and `rope_scaling`.
 * @throws bad-input for a kind of scaling that is not one of ours, unsupported where only a part of each head turns
 */
export function parseRope(read: ConfigReader, defaults: RopeDefaults): Rope {
  const { theta, layerType, legacyTheta = "rope_theta" } = defaults;
  read.refuse("partial_rotary_factor", 1);
  const base = read.number(legacyTheta, theta);
  const given = read.inside("rope_parameters");
  const parameters = (layerType !== undefined && given?.inside(layerType)) || given;
  if (parameters) {
    const scaling = parseScaling(parameters);
    return { theta: parameters.number("rope_theta", base), ...(scaling && { scaling }) };
  }
  // The older files scale the one rope they knew; sliding layers came with a base of their own and no scaling.
  const scaled = legacyTheta === "rope_theta" ? read.inside("rope_scaling") : undefined;
  const scaling = scaled && parseScaling(scaled);
  return { theta: base, ...(scaling && { scaling }) };
}

/** By `rope_type`. */
const scalings: Readonly<Record<string, (read: ConfigReader) => RopeScaling | undefined>> = {
  default: () => undefined,
  linear: (read) => ({ type: "linear", factor: read.number("factor") }),
  llama3: (read) => ({
    type: "llama3",
    factor: read.number("factor"),
    lowFrequencyFactor: read.number("low_freq_factor"),
    highFrequencyFactor: read.number("high_freq_factor"),
    originalMaxPositions: read.count("original_max_position_embeddings"),
  }),
};

function parseScaling(read: ConfigReader): RopeScaling | undefined {
  read.refuse("partial_rotary_factor", 1);
  const key = read.has("rope_type") ? "rope_type" : "type";
  return scalings[read.choice(key, Object.keys(scalings), "default")](read);
}
