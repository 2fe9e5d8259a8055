import { describe, expect, it } from "vitest";
import { NearfoldError } from "../errors.ts";
import {
  fillDropout,
  fillNormal,
  fillUniform,
  normal,
  philox,
  sequence,
  shuffle,
  uniform,
} from "./rng.ts";

const mean = (xs: ArrayLike<number>) => Array.from(xs).reduce((a, b) => a + b, 0) / xs.length;

describe("philox4x32-10", () => {
  // The published answers: Random123 1.14, tests/kat_vectors.
  it.each([
    [
      "00000000 00000000 00000000 00000000 00000000 00000000",
      "6627e8d5 e169c58d bc57ac4c 9b00dbd8",
    ],
    [
      "ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff",
      "408f276d 41c83b0e a20bc7c6 6d5451fd",
    ],
    [
      "243f6a88 85a308d3 13198a2e 03707344 a4093822 299f31d0",
      "d16cfe09 94fdcceb 5001e420 24126ea1",
    ],
  ])("%s gives %s", (input, output) => {
    const [a, b, c, d, k0, k1] = input.split(" ").map((word) => Number.parseInt(word, 16));
    const out = new Uint32Array(4);
    philox(out, 0, a, b, c, d, k0, k1);
    expect([...out].map((word) => word.toString(16).padStart(8, "0")).join(" ")).toBe(output);
  });
});

describe("numbers of a seed", () => {
  it("are the same for the same seed and counters, and differ for any other", () => {
    const draws = [
      uniform(1),
      uniform(2),
      uniform(1 + 2 ** 32),
      uniform(1, 1),
      uniform(1, 0, 1),
      uniform(1, 0, 0, 1),
      uniform(1, 0, 0, 0, 1),
      sequence(1)(),
      sequence(1, 1)(),
    ];
    expect(new Set(draws).size).toBe(draws.length);
    expect(uniform(1, 2, 3, 4)).toBe(uniform(1, 2, 3, 4));
    expect(draws.every((x) => x >= 0 && x < 1)).toBe(true);
  });

  it("follow one another in a sequence without repeating", () => {
    const next = sequence(7);
    const drawn = Array.from({ length: 10_000 }, next);
    expect(new Set(drawn).size).toBe(drawn.length);
    expect(mean(drawn)).toBeCloseTo(0.5, 1);
    const again = sequence(7);
    expect(drawn.every((x) => x === again())).toBe(true);
  });

  it.each([[-1], [0.5], [Number.NaN], [2 ** 53]])("refuse the seed %s", (seed) => {
    expect(() => uniform(seed)).toThrow(NearfoldError);
  });

  it.each([[[-1]], [[2 ** 32]], [[0.5]], [[1, 2, 3, 4]]])("refuse the stream %s", (stream) => {
    expect(() => fillUniform(new Float32Array(1), { seed: 0, stream })).toThrow(NearfoldError);
  });
});

describe("fills", () => {
  const fills = {
    fillUniform,
    fillNormal,
    fillDropout: (out: Float32Array, at: { seed: number; stream: number[] }) =>
      fillDropout(out, { ...at, rate: 0.3 }),
  };
  it.each(Object.entries(fills))("%s: an element does not depend on the length", (_, fill) => {
    const long = fill(new Float32Array(5000), { seed: 3, stream: [1, 2, 3] });
    for (const length of [1, 2, 3, 1023, 1025]) {
      const short = fill(new Float32Array(length), { seed: 3, stream: [1, 2, 3] });
      expect(short).toEqual(long.slice(0, length));
    }
    expect(fill(new Float32Array(5000), { seed: 3, stream: [1, 2, 4] })).not.toEqual(long);
  });

  it("uniform stays in its range, float32 rounding included", () => {
    const out = fillUniform(new Float32Array(200_000), { seed: 5, low: -3, high: 1 });
    expect(out.reduce((a, b) => Math.min(a, b))).toBeGreaterThanOrEqual(-3);
    expect(out.reduce((a, b) => Math.max(a, b))).toBeLessThan(1);
    expect(mean(out)).toBeCloseTo(-1, 1);
    const narrow = fillUniform(new Float32Array(1000), { seed: 5, low: 1, high: 1 + 2 ** -22 });
    expect(narrow.every((x) => x >= 1 && x < 1 + 2 ** -22)).toBe(true);
  });

  it("normal has its mean, its deviation and its tails", () => {
    const out = fillNormal(new Float32Array(200_000), { seed: 5, mean: 2, std: 3 });
    const z = Array.from(out, (x) => (x - 2) / 3);
    expect(mean(z)).toBeCloseTo(0, 1);
    expect(mean(z.map((x) => x * x))).toBeCloseTo(1, 1);
    expect(mean(z.map((x) => x ** 4))).toBeCloseTo(3, 0);
    expect(mean(z.map((x) => Number(Math.abs(x) > 1.96)))).toBeCloseTo(0.05, 2);
  });

  it("dropout keeps the mean and drops its share", () => {
    const out = fillDropout(new Float32Array(200_000), { seed: 5, rate: 0.1 });
    expect(new Set(out)).toEqual(new Set([0, Math.fround(1 / 0.9)]));
    expect(mean(out)).toBeCloseTo(1, 2);
    expect(fillDropout(new Float32Array(9), { seed: 5, rate: 0 })).toEqual(
      new Float32Array(9).fill(1),
    );
    expect(() => fillDropout(out, { seed: 5, rate: 1 })).toThrow(NearfoldError);
  });

  it("one normal number at a time has the same moments", () => {
    const next = sequence(9);
    const z = Array.from({ length: 50_000 }, () => normal(next));
    expect(mean(z)).toBeCloseTo(0, 1);
    expect(mean(z.map((x) => x * x))).toBeCloseTo(1, 1);
  });
});

describe("shuffle", () => {
  it("reaches every order equally often", () => {
    const next = sequence(11);
    const seen = new Map<string, number>();
    for (let i = 0; i < 6000; i++) {
      const order = shuffle([0, 1, 2], next).join("");
      seen.set(order, (seen.get(order) ?? 0) + 1);
    }
    expect(seen.size).toBe(6);
    // 1,000 each; five standard deviations are 144.
    for (const times of seen.values()) expect(Math.abs(times - 1000)).toBeLessThan(144);
  });
});
