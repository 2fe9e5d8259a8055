import { expect, test } from "vitest";
import { smooth, spread, thin } from "./curve.ts";

const points = (values: readonly number[]) => values.map((y, x) => ({ x, y }));
const line = points(Array.from({ length: 200 }, (_, i) => 3 * i));

test("smoothing keeps what is straight, up to its last stretch", () => {
  for (const { x, y } of smooth(line).slice(0, -10)) expect(y).toBeCloseTo(3 * x, 9);
});

test("smoothing evens out what alternates, at the end too", () => {
  const zigzag = points(Array.from({ length: 400 }, (_, i) => 1 + (i % 2 ? 0.5 : -0.5)));
  for (const { y } of smooth(zigzag).slice(10)) expect(Math.abs(y - 1)).toBeLessThan(0.06);
});

test("too few points to smooth stay as they are", () => {
  expect(smooth(points([3, 1, 2]))).toEqual(points([3, 1, 2]));
});

test("thinning keeps the order and every peak", () => {
  const spiky = points(
    Array.from({ length: 5000 }, (_, i) => (i === 1234 ? 9 : i === 3210 ? -9 : 0)),
  );
  const kept = thin(spiky, 100);
  expect(kept.length).toBeLessThanOrEqual(100);
  expect(kept).toContainEqual({ x: 1234, y: 9 });
  expect(kept).toContainEqual({ x: 3210, y: -9 });
  expect(kept.map(({ x }) => x)).toEqual(kept.map(({ x }) => x).toSorted((a, b) => a - b));
  expect(thin(spiky, 5000)).toBe(spiky);
});

test("a spread has both ends", () => {
  expect(spread([1, 2, 3, 4, 5], 3)).toEqual([1, 3, 5]);
  expect(spread([1, 2], 3)).toEqual([1, 2]);
});
