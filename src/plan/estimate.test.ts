import { expect, test } from "vitest";
import { enumerateCandidates } from "./enumerate.ts";
import { boundsOf, prune } from "./estimate.ts";

const { candidates } = enumerateCandidates(
  { layers: 6, dims: [384], isStatic: false },
  { arch: "x64", vnni: true },
);
const find = (id: string) => candidates.find((one) => one.id === id)!;
/** Ten million weights in linear layers; 100 and 400 GFLOP/s. */
const workload = {
  linearWeights: 1e7,
  queryTokens: 20,
  documentTokens: 200,
  speed: (weights: string) => (weights === "float32" ? 1e11 : 4e11),
};

test("bounds are arithmetic", () => {
  const float = boundsOf(find("given float32"), workload);
  expect(float.bytesPerVector).toBe(1536);
  expect(float.memoryMb).toBeCloseTo(40);
  // 20 tokens of 2e7 operations at 1.5e11 a second.
  expect(float.queryP95Ms).toBeCloseTo(2.6667, 3);
  expect(float.documentsPerSecond).toBeCloseTo(37.5);
  const small = boundsOf(find("layers-3-int8 int8@128"), workload);
  expect(small.bytesPerVector).toBe(128);
  expect(small.memoryMb).toBeCloseTo(5);
  expect(small.queryP95Ms).toBeCloseTo(0.3333, 3);
});

test("a bag of tokens has no bound but its bytes", () => {
  const bag = boundsOf(find("static binary"), workload);
  expect(bag).toEqual({
    bytesPerVector: 48,
    memoryMb: 0,
    queryP95Ms: 0,
    documentsPerSecond: Number.POSITIVE_INFINITY,
  });
});

test.each([
  [{}, 0],
  [{ bytesPerVector: 128 }, undefined],
  [{ bytesPerVector: 1 }, candidates.length],
  [{ queryP95Ms: 1e-9 }, undefined],
  [{ keepQuality: 1 }, 0],
])("of %j, what is ruled out says why", (requirements, count) => {
  const { kept, pruned } = prune(candidates, requirements, workload);
  expect(kept.length + pruned.length).toBe(candidates.length);
  if (count !== undefined) expect(pruned).toHaveLength(count);
  for (const { why } of pruned) expect(why).toMatch(/ where at (most|least) /);
});

test("nothing that lies on a limit is ruled out", () => {
  const requirements = { bytesPerVector: 128, queryP95Ms: 2.667, ramMb: 40 };
  const { kept } = prune(candidates, requirements, workload);
  expect(kept.map(({ id }) => id)).toContain("layers-6 int8@128");
  const { pruned } = prune(candidates, { ...requirements, ramMb: 39.9 }, workload);
  const why = pruned.find(({ candidate }) => candidate.id === "layers-6 int8@128")?.why;
  expect(why).toBe(
    "at best 40 MB where at most 40 MB is allowed".replace(
      "40 MB where at most 40 MB",
      "40 MB (40) where at most 40 MB",
    ),
  );
});

test("a model of unknown weights, or a format of unknown speed, is not ruled out by them", () => {
  const unknown = { ...workload, linearWeights: 0, speed: () => Number.POSITIVE_INFINITY };
  const strict = { queryP95Ms: 1e-6, ramMb: 1e-6, documentsPerSecond: 1e12 };
  expect(prune(candidates, strict, unknown).pruned).toEqual([]);
});
