import type { Case } from "./cases.ts";

/** Inputs of a case: fixed by the case's shapes, the same on every machine. */
export function draw(
  { range: [low, high] = [-2, 2], distinct = false }: Case,
  shape: readonly number[],
  seed: number,
): number[] {
  const size = shape.reduce((a, b) => a * b, 1);
  const unit = Array.from({ length: size }, (_, i) => {
    const x = Math.sin((i + 1) * 12.9898 + (seed + 1) * 78.233) * 43758.5453;
    return x - Math.floor(x);
  });
  if (!distinct) return unit.map((u) => low + u * (high - low));
  const order = unit.map((u, i) => [u, i] as const).sort(([a], [b]) => a - b);
  const ranks = new Map(order.map(([, i], rank) => [i, rank]));
  // Quarter steps around 0, shifted by the seed, never 0 itself.
  return unit.map((_, i) => (ranks.get(i)! - size / 2) / 4 + 0.1 + seed * 0.06);
}
