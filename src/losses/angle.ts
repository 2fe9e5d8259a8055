import type { Value } from "../graph/node.ts";
import { abs, add, slice, sub } from "../graph/ops/index.ts";
import { normalize } from "../nn/pooling.ts";
import { type CosentOptions, rankingLoss } from "./cosent.ts";
import type { Loss } from "./loss.ts";
import { rowProducts } from "./loss.ts";

/**
 * AnglE (Li and Li, arXiv:2309.12871): CoSENT's ranking of the angle between two vectors read as complex numbers, first half real,
 * second half imaginary; its gradient does not fade where the cosine saturates. sentence-transformers' AnglELoss.
 * @throws bad-argument for a temperature that is not positive
 */
export function angle(options: CosentOptions = {}): Loss {
  return rankingLoss("angle", angleScore, options);
}

/** `|Re⟨x, y⟩ + Im⟨x, y⟩|` of unit vectors: `[B, D], [B, D] -> [B]`. Of an odd width, the middle has no imaginary part. */
function angleScore(a: Value, b: Value): Value {
  const [x, y] = [normalize(a), normalize(b)];
  const sines = sub(rowProducts(imaginary(x), real(y)), rowProducts(real(x), imaginary(y)));
  return abs(add(rowProducts(x, y), sines));
}

const real = (x: Value) => slice(x, { start: 0, end: Math.floor(widthOf(x) / 2), axis: 1 });
const imaginary = (x: Value) =>
  slice(x, { start: Math.ceil(widthOf(x) / 2), end: widthOf(x), axis: 1 });
const widthOf = (x: Value) => x.shape[1] as number;
