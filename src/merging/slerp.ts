/** Spherical linear interpolation of two checkpoints. Source: Shoemake, "Animating rotation with quaternion curves", SIGGRAPH 1985. */
import { NearfoldError } from "../errors.ts";
import type { Model } from "../models/model.ts";
import { requireMergeable } from "./mergeable.ts";
import { asMerged, mixWeights } from "./mix.ts";

export interface SlerpOptions {
  /** How far from the first model to the second, 0 to 1. @default 0.5 */
  readonly t?: number;
}

/**
 * The model between two on the arc, tensor by tensor, each as one long vector.
 * @throws mismatch for models that differ in more than their weights; bad-argument for a `t` outside 0 to 1
 */
export function slerp(a: Model, b: Model, { t = 0.5 }: SlerpOptions = {}): Model {
  requireMergeable([a, b]);
  if (!(t >= 0 && t <= 1)) {
    const [got, wanted] = [String(t), "0 to 1"];
    throw new NearfoldError("bad-argument", "not a place between two models", { got, wanted });
  }
  const mixture = mixWeights([a, b], ([from, to]) => slerpVectors(from, to, t));
  return asMerged(mixture, [a, b], { method: "slerp", shares: [1 - t, t] });
}

/** Cosines beyond this are nearly parallel, where the arc is the chord and the formula loses its digits; as mergekit has it. */
const PARALLEL = 0.9995;

/**
 * `(sin((1 − t) θ) a + sin(t θ) b) / sin θ`, θ the angle between a and b. As mergekit does, the angle alone comes from the directions: the
 * vectors keep their lengths, so that of the result is between. Nearly parallel vectors, opposite ones and those of length 0 are
 * interpolated linearly.
 */
export function slerpVectors(
  a: Float32Array,
  b: Float32Array,
  t: number,
): Float32Array<ArrayBuffer> {
  const [fromA, fromB] = shares(cosine(a, b), t);
  const out = new Float32Array(a.length);
  for (let i = 0; i < out.length; i++) out[i] = fromA * a[i] + fromB * b[i];
  return out;
}

function shares(cosine: number, t: number): readonly [number, number] {
  // Also where a vector is 0 and the cosine no number.
  if (!(Math.abs(cosine) <= PARALLEL)) return [1 - t, t];
  const angle = Math.acos(cosine);
  return [Math.sin((1 - t) * angle) / Math.sin(angle), Math.sin(t * angle) / Math.sin(angle)];
}

function cosine(a: Float32Array, b: Float32Array): number {
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    ab += a[i] * b[i];
    aa += a[i] * a[i];
    bb += b[i] * b[i];
  }
  return ab / Math.sqrt(aa * bb);
}
