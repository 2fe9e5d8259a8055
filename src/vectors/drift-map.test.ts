import { expect, test } from "vitest";
import { fillNormal } from "../graph/rng.ts";
import { polarFactor } from "../tensor/polar-factor.ts";
import { unitRows } from "../tensor/rows.ts";
import { applyDriftMap, type DriftMap, fitDriftMaps } from "./drift-map.ts";
import { driftRecalls } from "./drift-recall.ts";

const noise = (length: number, seed: number) =>
  fillNormal(new Float32Array(length), { seed, std: 1 });
const part = (rows: Float32Array, width: number, from: number, to: number) =>
  rows.subarray(from * width, to * width);

/** 200 texts to fit on, 50 queries and 150 documents, of which the index has what `matrix` makes of them. */
function judged(matrix: Float32Array, [from, to]: readonly [number, number], mean = 0) {
  const x = unitRows(
    noise(400 * from, 2).map((value) => value + mean),
    from,
  );
  const known = { how: "", from, to, matrix, shift: new Float32Array(to) };
  const y = applyDriftMap(known, x);
  const side = (rows: Float32Array, width: number) => ({
    space: { dims: width, similarity: "cosine" as const },
    queries: part(rows, width, 200, 250),
    documents: part(rows, width, 250, 400),
  });
  const maps = fitDriftMaps({
    rows: 200,
    asking: part(x, from, 0, 200),
    asked: part(y, to, 0, 200),
  });
  const recalls = driftRecalls(maps, { asking: side(x, from), asked: side(y, to) });
  const of = (how: string) => recalls[maps.findIndex((map) => map.how === how)];
  return { maps, of, best: Math.max(...recalls.map(({ recall }) => recall)) };
}

const rotation = (n: number) =>
  Float32Array.from(polarFactor(Float64Array.from(noise(n * n, 1)), n));

test("a rotation is found, and turned back to a digit", () => {
  const { maps, of, best } = judged(rotation(16), [16, 16]);
  expect(of("procrustes")).toEqual({ recall: 1, agreement: 1, own: 1 });
  expect(best).toBe(1);
  const { matrix } = maps.find(({ how }) => how === "procrustes") as DriftMap;
  const error = rotation(16).reduce((most, w, i) => Math.max(most, Math.abs(w - matrix[i])), 0);
  expect(error).toBeLessThan(1e-6);
});

test("of a wider index every map that is not cut finds all; none is a rotation", () => {
  const { maps, of } = judged(noise(24 * 16, 3), [16, 24]);
  expect(maps.map(({ how }) => how)).not.toContain("procrustes");
  expect(of("ridge 0.001").agreement).toBeGreaterThan(0.97);
  expect(of("rank 4").agreement).toBeLessThan(of("ridge 0.001").agreement);
});

test("of a narrower index: what documents lost is lost, and scores are nearest to the asking model's", () => {
  const { of, best } = judged(noise(8 * 16, 3), [16, 8]);
  expect(of("ridge 0.001").agreement).toBeGreaterThan(0.97);
  expect(of("scores 0.001").recall).toBeGreaterThan(of("ridge 0.001").own);
  expect(best).toBeGreaterThanOrEqual(of("scores 0.001").recall);
});

test("a shift takes the mean of either side along", () => {
  const rows = 64;
  const asking = noise(rows * 3, 5);
  const asked = Float32Array.from(asking, (value, i) => value + [1, -2, 3][i % 3]);
  const maps = fitDriftMaps({ rows, asking, asked });
  const { shift, matrix } = maps.find(({ how }) => how === "ridge 0.001, shifted") as DriftMap;
  [1, -2, 3].forEach((value, i) => {
    expect(shift[i]).toBeCloseTo(value, 2);
  });
  [1, 0, 0, 0, 1, 0, 0, 0, 1].forEach((value, i) => {
    expect(matrix[i]).toBeCloseTo(value, 2);
  });
});

test.each([
  ["one row", 1, 4, 4],
  ["rows that do not fit", 3, 4, 6],
])("%s is nothing to fit on", (_, rows, a, b) => {
  const pairs = { rows, asking: new Float32Array(a), asked: new Float32Array(b) };
  expect(() => fitDriftMaps(pairs)).toThrow("nothing to fit a map on");
});

test("vectors of another width are refused", () => {
  const [map] = fitDriftMaps({ rows: 8, asking: noise(24, 1), asked: noise(24, 2) });
  expect(() => applyDriftMap(map, new Float32Array(4))).toThrow("do not fit the map");
});
