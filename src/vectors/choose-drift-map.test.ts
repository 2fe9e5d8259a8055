import { expect, test } from "vitest";
import { fillNormal } from "../graph/rng.ts";
import { chooseDriftMap, isHeldOut, type SampledVectors } from "./choose-drift-map.ts";
import { applyDriftMap } from "./drift-map.ts";

const ROWS = 160;
const noise = (seed: number, width: number) =>
  fillNormal(new Float32Array(ROWS * width), { seed, std: 1 });
const space = (dims: number) => ({ dims, similarity: "cosine" as const });

/** What a map makes of a model's vectors: the index's own model. */
function asked({ documents, sentences }: SampledVectors, matrix: Float32Array, to: number) {
  const map = { how: "", from: matrix.length / to, to, matrix, shift: new Float32Array(to) };
  return {
    space: space(to),
    documents: applyDriftMap(map, documents),
    sentences: applyDriftMap(map, sentences),
  };
}

const asking = { space: space(8), documents: noise(1, 8), sentences: noise(2, 8) };

test("of a space turned round, the rotation is chosen and finds all", () => {
  const turned = Float32Array.from({ length: 64 }, (_, at) => (at % 8 === ((at >> 3) ^ 1) ? 1 : 0));
  const { map, recall } = chooseDriftMap({ asking, asked: asked(asking, turned, 8) });
  expect(map.how).toBe("procrustes");
  expect(recall.recall).toBe(1);
});

test("of a space that lost half, what is chosen finds at least what the index's own model does", () => {
  const half = Float32Array.from({ length: 32 }, (_, at) => (at % 8 === at >> 3 ? 1 : 0));
  const { map, recall } = chooseDriftMap({ asking, asked: asked(asking, half, 4) });
  expect([map.from, map.to]).toEqual([8, 4]);
  expect(recall.recall).toBeGreaterThanOrEqual(recall.own - 0.02);
});

test("one in eight is held out", () => {
  expect([0, 1, 2, 3, 4, 7].map(isHeldOut)).toEqual([false, false, false, false, false, true]);
});
