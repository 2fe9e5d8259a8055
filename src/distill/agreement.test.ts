import { expect, test } from "vitest";
import { sequence } from "../graph/rng.ts";
import { floats } from "../tensor/tensor.ts";
import { agreementOf } from "./agreement.ts";

const rows = (...all: number[][]) => floats(all.flat(), [all.length, all[0].length]);

function drawn(count: number, width: number, seed: number) {
  const draw = sequence(seed);
  return floats(
    Float32Array.from({ length: count * width }, () => draw() - 0.5),
    [count, width],
  );
}

test("with itself, at any length of vectors, all of it", () => {
  const x = drawn(40, 8, 1);
  const longer = floats(
    x.data.map((value) => 3 * value),
    x.shape,
  );
  const { cosine, overlap, texts } = agreementOf(longer, x);
  expect([cosine, overlap]).toBeClose([1, 1], { rtol: 1e-6 });
  expect(texts).toBe(40);
});

test("mirrored vectors keep their neighbours and no direction", () => {
  const x = drawn(40, 8, 1);
  const { cosine, overlap } = agreementOf(
    floats(
      x.data.map((value) => -value),
      x.shape,
    ),
    x,
  );
  expect([cosine, overlap]).toBeClose([-1, 1], { rtol: 1e-6 });
});

test("of others, what chance gives", () => {
  const { cosine, overlap } = agreementOf(drawn(200, 64, 1), drawn(200, 64, 2));
  expect(Math.abs(cosine!)).toBeLessThan(0.05);
  // 10 of 199.
  expect(overlap).toBeLessThan(0.15);
});

test("worked out by hand; a vector of zeros agrees with nothing", () => {
  const found = agreementOf(rows([1, 0], [0, 2], [0, 0]), rows([3, 4], [0, 1], [1, 0]));
  expect([found.cosine!, found.overlap]).toBeClose([(0.6 + 1) / 3, 1], { rtol: 1e-6 });
});

test("where the widths differ, the neighbours alone", () => {
  const found = agreementOf(drawn(20, 4, 1), drawn(20, 8, 2));
  expect(found).not.toHaveProperty("cosine");
  expect(found.overlap).toBeGreaterThan(0);
});
