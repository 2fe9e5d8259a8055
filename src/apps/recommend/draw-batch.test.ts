import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { sequence } from "../../graph/rng.ts";
import { drawExample, expectedDraws, historyWeights } from "./draw-batch.ts";
import { logQ } from "./log-q.ts";

const known = fc
  .uniqueArray(fc.integer({ min: 0, max: 50 }), { minLength: 1, maxLength: 20 })
  .map((rows) => Int32Array.from(rows));

describe("an example", () => {
  it("has targets that follow on its history", () => {
    fc.assert(
      fc.property(known, fc.nat(), (rows, seed) => {
        const options = { targets: 3, longest: 5, dropout: 0 };
        const { history, targets } = drawExample(rows, options, sequence(seed));
        const cut = rows.indexOf(targets[0]);
        expect([...targets]).toEqual([...rows.slice(cut, cut + 3)]);
        expect([...history]).toEqual([...rows.slice(Math.max(0, cut - 5), cut)]);
      }),
    );
  });

  it("leaves some of the history out, in its order", () => {
    fc.assert(
      fc.property(known, fc.nat(), (rows, seed) => {
        const options = { targets: 3, longest: 50, dropout: 0.5 };
        const { history, targets } = drawExample(rows, options, sequence(seed));
        const places = Array.from(history, (row) => rows.indexOf(row));
        expect(places).toEqual(places.toSorted((a, b) => a - b));
        expect(places.every((place) => place < rows.indexOf(targets[0]))).toBe(true);
      }),
    );
  });
});

describe("logQ", () => {
  it("is the logarithm of how often an item is a target", () => {
    const histories = [Int32Array.of(0, 1, 2, 3), Int32Array.of(3, 0)];
    const wanted = expectedDraws(histories, 5, { targets: 2 });
    const counted = new Float64Array(5);
    const rounds = 20_000;
    const next = sequence(5);
    for (let round = 0; round < rounds; round++) {
      for (const history of histories) {
        const options = { targets: 2, longest: 9, dropout: 0 };
        for (const row of drawExample(history, options, next).targets) counted[row] += 1 / rounds;
      }
    }
    expect(counted).toBeClose(wanted, { atol: 0.02 });
    const shares = logQ(wanted).map(Math.exp);
    expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 5);
    expect(logQ(wanted)[4]).toBe(Number.NEGATIVE_INFINITY);
  });
});

test("a history's weights have unit length, and halve with the half-life", () => {
  const weights = historyWeights(5, 2);
  expect(Math.hypot(...weights)).toBeCloseTo(1, 6);
  expect(weights[2] / weights[4]).toBeCloseTo(0.5, 6);
  expect([...historyWeights(4, Number.POSITIVE_INFINITY)]).toEqual([0.5, 0.5, 0.5, 0.5]);
  expect(historyWeights(0, 2)).toHaveLength(0);
});
