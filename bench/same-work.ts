/** Both sides did the same, or there is nothing to compare. */
import { quantile } from "./measure.ts";

const VECTOR_TOLERANCE = 1e-5;

/** @throws where the peer's vectors are not ours, element by element */
export function requireEqualVectors(
  peer: string,
  got: ArrayLike<number>,
  wanted: ArrayLike<number>,
): void {
  const worst = quantile(
    Array.from(got, (x, i) => Math.abs(x - wanted[i])),
    1,
  );
  if (got.length === wanted.length && worst <= VECTOR_TOLERANCE) return;
  throw new Error(
    `${peer} computes other vectors: ${got.length} numbers, ours ${wanted.length}; they differ by ${worst}`,
  );
}

/** @throws where the losses of the same batch differ by more than `tolerance`, relatively */
export function requireEqualLoss(
  peer: string,
  got: number,
  wanted: number,
  tolerance: number,
): void {
  if (Math.abs(got - wanted) <= tolerance * Math.abs(wanted)) return;
  throw new Error(`${peer} does other work than we do: its loss is ${got}, ours ${wanted}`);
}
