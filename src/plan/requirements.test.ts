import { expect, test } from "vitest";
import { describeMiss, describeRequirements, missesOf } from "./requirements.ts";

const figures = {
  kept: 0.98,
  queryP95Ms: 2.5,
  memoryMb: 90,
  bytesPerVector: 128,
  documentsPerSecond: 50,
};

test.each([
  [{}, []],
  [
    { keepQuality: 0.98, queryP95Ms: 2.5, ramMb: 90, bytesPerVector: 128, documentsPerSecond: 50 },
    [],
  ],
  [{ keepQuality: 0.99 }, ["0.980 of the quality where at least 0.990 of the quality is required"]],
  [{ queryP95Ms: 2 }, ["2.5 ms where at most 2 ms is allowed"]],
  [{ ramMb: 89.9 }, ["90 MB (90) where at most 90 MB is allowed"]],
  [{ bytesPerVector: 48 }, ["128 bytes where at most 48 bytes is allowed"]],
  [{ documentsPerSecond: 100 }, ["50 documents/s where at least 100 documents/s is required"]],
])("%j misses %j", (requirements, said) => {
  expect(missesOf(figures, requirements).map(describeMiss)).toEqual(said);
});

test.each([
  ["twice the bytes", { bytesPerVector: 64 }],
  ["half the speed", { documentsPerSecond: 100 }],
  ["twice the loss of quality", { keepQuality: 0.99 }],
])("%s: as far as any other", (_, requirements) => {
  expect(missesOf(figures, requirements)[0].by).toBeCloseTo(Math.log(2));
});

test("what is not known is let through", () => {
  expect(missesOf({ bytesPerVector: 4 }, { keepQuality: 0.97, bytesPerVector: 4 })).toEqual([]);
});

test("requirements as they are typed", () => {
  expect(describeRequirements({ queryP95Ms: 3, bytesPerVector: 128 })).toBe(
    "--query-p95-ms 3 --bytes-per-vector 128",
  );
});
