import { describe, expect, it } from "vitest";
import { vMeasure } from "../../evaluate/index.ts";
import { fillNormal } from "../../graph/index.ts";
import { chooseK, ladder } from "./choose-k.ts";
import { densityGroups } from "./density.ts";
import { describeClusters } from "./describe.ts";
import { kMeans } from "./k-means.ts";
import { layOut } from "./plane.ts";

const CENTERS = [
  [1, 0, 0, 0],
  [0, 1, 0, 0],
  [0, 0, 1, 0.2],
  [0, 0.1, 0.9, 0.5],
];
const SPREADS = [0.08, 0.15, 0.1, 0.12];
const ROWS = 200;
const SCATTERED = 160;

/** Four heaps, of which two touch, and from row 160 on nothing but scatter. */
function heaps(): Float32Array {
  const noise = fillNormal(new Float32Array(ROWS * 4), { seed: 5, std: 1 });
  return noise.map((value, at) => {
    const [row, axis] = [Math.floor(at / 4), at % 4];
    return row < SCATTERED ? CENTERS[row % 4][axis] + value * SPREADS[row % 4] : value;
  });
}
const vectors = heaps();
const own = vectors.slice(0, 4 * SCATTERED);
const classes = Array.from({ length: SCATTERED }, (_, row) => row % 4);

describe("spherical k-means", () => {
  it("finds heaps again, whatever the seed", async () => {
    for (const seed of [1, 2, 3]) {
      const { labels, scores, centers } = await kMeans(own, 4, { k: 4, seed });
      expect(vMeasure(classes, labels).vMeasure).toBeGreaterThan(0.8);
      expect(Math.min(...scores)).toBeGreaterThan(0.5);
      for (let at = 0; at < 16; at += 4)
        expect(Math.hypot(...centers.subarray(at, at + 4))).toBeCloseTo(1, 5);
    }
  });

  it("by some rows a step as well", async () => {
    const { labels } = await kMeans(own, 4, { k: 4, batchRows: 32 });
    expect(vMeasure(classes, labels).vMeasure).toBeGreaterThan(0.8);
  });

  it("makes the same groups of the same seed", async () => {
    const twice = [
      await kMeans(own, 4, { k: 7, seed: 9 }),
      await kMeans(own, 4, { k: 7, seed: 9 }),
    ];
    expect(twice[0].labels).toEqual(twice[1].labels);
  });

  it("lengths do not count", async () => {
    const stretched = own.map((value, at) => value * (1 + (Math.floor(at / 4) % 3)));
    expect((await kMeans(stretched, 4, { k: 4 })).labels).toEqual(
      (await kMeans(own, 4, { k: 4 })).labels,
    );
  });

  it.each([1, 5, 30, SCATTERED])("leaves none of %i groups empty", async (k) => {
    const { labels } = await kMeans(own, 4, { k, restarts: 1 });
    expect(new Set(labels).size).toBe(k);
  });

  it("ends where rows are the same", async () => {
    const { labels } = await kMeans(new Float32Array(40).fill(1), 4, { k: 3 });
    expect(new Set(labels).size).toBeLessThanOrEqual(3);
  });

  it.each<[string, Float32Array, number, string]>([
    ["no group", own, 0, "not a number of groups (got 0"],
    ["more groups than rows", own, 161, "wanted a whole number from 1 to 160"],
    [
      "a NaN",
      Float32Array.of(1, 0, 0, Number.NaN),
      1,
      "a vector holds a NaN or an infinity (got row 0)",
    ],
    ["no rows", new Float32Array(0), 1, "not rows of vectors"],
  ])("refuses %s", async (_, rows, k, message) => {
    await expect(kMeans(rows, 4, { k })).rejects.toThrow(message);
  });

  it("stops when it is asked to", async () => {
    await expect(kMeans(own, 4, { k: 4, signal: AbortSignal.abort() })).rejects.toThrow(
      "was stopped",
    );
  });
});

describe("the number of groups", () => {
  it("is that of the largest silhouette", async () => {
    const three = own.filter((_, at) => Math.floor(at / 4) % 4 < 3);
    const { k, tried } = await chooseK(three, 4);
    expect(k).toBe(3);
    expect(tried.map((one) => one.k)).toEqual(ladder(120));
  });
  it.each<[number, readonly number[]]>([
    [1, [1]],
    [4, [2]],
    [100, [2, 3, 4, 5, 7, 9]],
  ])("of %i rows is tried at %j", (rows, steps) => {
    expect(ladder(rows)).toEqual(steps);
  });
});

/** Of scikit-learn 1.9.1: `HDBSCAN(min_cluster_size, min_samples)` on the same rows of unit length; groups numbered by their first row. */
const scattered = {
  "5, 5":
    "-1,0,-1,1,-1,-1,1,-1,1,2,2,-1,-1,-1,-1,1,-1,2,-1,1,1,1,-1,-1,-1,1,2,-1,-1,-1,1,1,1,1,1,-1,1,-1,1,-1",
  "10, 3":
    "-1,0,-1,1,-1,-1,1,1,1,2,2,1,1,-1,-1,1,-1,2,-1,1,1,1,1,-1,-1,1,2,-1,-1,-1,1,1,1,1,1,-1,1,-1,1,-1",
  "5, 1":
    "-1,0,-1,3,2,-1,1,3,3,2,2,-1,1,-1,-1,3,-1,2,-1,1,1,1,3,2,-1,1,2,-1,-1,-1,1,1,1,3,1,1,1,-1,1,-1",
} as const;

describe("dense groups", () => {
  it.each(Object.entries(scattered))("at least %s", async (sizes, wanted) => {
    const [minSize, minSamples] = sizes.split(", ").map(Number);
    const { labels, strengths } = await densityGroups(vectors, 4, { minSize, minSamples });
    const heaped = Array.from({ length: SCATTERED }, (_, row) => [0, 1, 2, 2][row % 4]);
    expect([...labels]).toEqual([...heaped, ...wanted.split(",").map(Number)]);
    labels.forEach((label, row) => {
      expect(strengths[row] > 0).toBe(label >= 0);
      expect(strengths[row]).toBeLessThanOrEqual(1);
    });
  });

  it.each<[string, number, number]>([
    ["fewer rows than a group needs", 3, 10],
    ["one row", 1, 2],
  ])("%s: all is noise", async (_, rows, minSize) => {
    const { labels } = await densityGroups(vectors.slice(0, 4 * rows), 4, { minSize });
    expect(new Set(labels)).toEqual(new Set([-1]));
  });

  it("refuses groups of one", async () => {
    await expect(densityGroups(vectors, 4, { minSize: 1 })).rejects.toThrow("not sizes of groups");
  });
});

describe("what groups are about", () => {
  const texts = [
    "read a file",
    "read the file now",
    "file of bytes",
    "paint a wall",
    "paint the door",
    "paint of a door",
    "so it is",
  ];
  const rows = Float32Array.from([1, 0, 1, 0.1, 1, 0.2, 0, 1, 0.1, 1, 0.2, 1, 1, 1]);
  const labels = [0, 0, 0, 1, 1, 1, -1];

  it("is said by what stands there more often than elsewhere, and not by what stands everywhere", () => {
    const names = ["ant", "bee", "cat", "dog", "elk", "fox", "gnu", "hen", "ibis"];
    const many = names.map((name, i) => [
      `how does it go with ${name}`,
      ...(i < 5 ? [`how is the widget of ${name}`] : []),
      ...(i === 0 ? new Array<string>(12).fill("widget how") : []),
    ]);
    const of = Int32Array.from(many.flatMap((list, i) => list.map(() => i)));
    const flat = new Float32Array(2 * of.length).fill(1);
    const found = describeClusters(many.flat(), flat, 2, of, { terms: 2 });
    expect(found.find(({ cluster }) => cluster === 0)!.terms).toEqual(["widget", "ant"]);
    expect(found.find(({ cluster }) => cluster === 8)!.terms[0]).toBe("ibis");
  });

  it("is said by terms of their own and the texts in their middle; noise comes last and has no terms", () => {
    const found = describeClusters(texts, rows, 2, labels, { terms: 2, examples: 1 });
    expect(found.map(({ cluster, size }) => [cluster, size])).toEqual([
      [0, 3],
      [1, 3],
      [-1, 1],
    ]);
    expect(found[0].terms[0]).toBe("file");
    expect(found[1].terms).toEqual(["paint", "door"]);
    expect(found.map(({ examples }) => examples)).toEqual([[1], [4], [6]]);
    expect(found[2].terms).toEqual([]);
  });
});

describe("a map", () => {
  it("has near rows near, is the seed's, and places those beyond the sample among it", async () => {
    const points = await layOut(own, 4, { seed: 3 });
    expect(points).toEqual(await layOut(own, 4, { seed: 3 }));
    expect(nearOnes(points)).toBeGreaterThan(0.9);
    expect(nearOnes(await layOut(own, 4, { sample: 80 }))).toBeGreaterThan(0.85);
  });

  it.each([1, 2, 3])("of %i rows is one as well", async (rows) => {
    const points = await layOut(own.slice(0, 4 * rows), 4);
    expect(points).toHaveLength(2 * rows);
    expect(points.every(Number.isFinite)).toBe(true);
  });

  it("stops when it is asked to", async () => {
    await expect(layOut(own, 4, { signal: AbortSignal.abort() })).rejects.toThrow("was stopped");
  });
});

/** The share of points whose nearest other is of their own heap; the two that touch are one. */
function nearOnes(points: Float32Array): number {
  const heap = (row: number) => Math.min(2, row % 4);
  const rows = classes.keys().toArray();
  const right = rows.filter((row) => {
    const far = (other: number) =>
      Math.hypot(points[2 * row] - points[2 * other], points[2 * row + 1] - points[2 * other + 1]);
    const nearest = rows
      .filter((other) => other !== row)
      .reduce((a, b) => (far(b) < far(a) ? b : a));
    return heap(nearest) === heap(row);
  });
  return right.length / rows.length;
}
