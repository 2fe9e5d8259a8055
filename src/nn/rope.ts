/** Rotary position embedding (Su et al., arXiv:2104.09864): what attention knows of positions is the angle between two of them. */
import { constant, type Value } from "../graph/node.ts";
import {
  cast,
  cos,
  dimOf,
  mul,
  range,
  reshape,
  rotary,
  sin,
  unsqueeze,
} from "../graph/ops/index.ts";
import { floats } from "../tensor/tensor.ts";
import type { Layout } from "./layout.ts";

/** How fast each pair of elements turns. */
export interface Rope {
  /** The base of the frequencies. */
  readonly theta: number;
  /** Longer contexts than trained for. @default none */
  readonly scaling?: RopeScaling;
}

export type RopeScaling =
  /** Every position divided by the factor (Chen et al., arXiv:2306.15595). */
  | { readonly type: "linear"; readonly factor: number }
  /** Llama 3's: slow pairs divided by the factor, fast ones kept, those between interpolated. */
  | {
      readonly type: "llama3";
      readonly factor: number;
      readonly lowFrequencyFactor: number;
      readonly highFrequencyFactor: number;
      readonly originalMaxPositions: number;
    };

/** Radians a position of each pair, `[K/2]`: `theta^(-2i/K)`, rounded as float32 arithmetic rounds it. */
export function inverseFrequencies({ theta, scaling }: Rope, headWidth: number): Float32Array {
  const half = headWidth / 2;
  const plain = Float32Array.from({ length: half }, (_, i) =>
    Math.fround(1 / Math.fround(theta ** Math.fround((2 * i) / headWidth))),
  );
  if (!scaling) return plain;
  if (scaling.type === "linear") return plain.map((frequency) => frequency / scaling.factor);
  return plain.map((frequency) => llama3Frequency(frequency, scaling));
}

/** transformers' modeling_rope_utils.py, `_compute_llama3_parameters`. */
function llama3Frequency(
  frequency: number,
  scaling: Extract<RopeScaling, { type: "llama3" }>,
): number {
  const { factor, lowFrequencyFactor, highFrequencyFactor, originalMaxPositions } = scaling;
  const wavelength = (2 * Math.PI) / frequency;
  if (wavelength > originalMaxPositions / lowFrequencyFactor) return frequency / factor;
  if (wavelength < originalMaxPositions / highFrequencyFactor) return frequency;
  const turns = originalMaxPositions / wavelength;
  const smooth = (turns - lowFrequencyFactor) / (highFrequencyFactor - lowFrequencyFactor);
  return ((1 - smooth) * frequency) / factor + smooth * frequency;
}

/** Turns the heads of rows `[T, H · K]`, each token by its position. */
export type Rotation = (x: Value) => Value;

/** The rotation of a batch's tokens, its tables `[T, K/2]` computed once for all layers. */
export function rotationOf({ positions }: Layout, rope: Rope, headWidth: number): Rotation {
  const frequencies = constant(floats(inverseFrequencies(rope, headWidth), [1, headWidth / 2]));
  const angles = mul(unsqueeze(cast(positions, "float32"), [1]), frequencies);
  const [cosines, sines] = [cos(angles), sin(angles)];
  const rows = unsqueeze(range(dimOf(positions, 0)), [0]);
  return (x) =>
    reshape(rotary(unsqueeze(x, [0]), rows, cosines, sines), [-1, x.shape[1] as number]);
}
