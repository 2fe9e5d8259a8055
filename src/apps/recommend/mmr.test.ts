import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { marginalRelevance } from "./mmr.ts";

const unit = (angle: number) => Float32Array.of(Math.cos(angle), Math.sin(angle));
const candidates = fc
  .array(
    fc.record({
      score: fc.double({ min: -5, max: 5, noNaN: true }),
      angle: fc.double({ min: 0, max: 6, noNaN: true }),
    }),
    { minLength: 1, maxLength: 12 },
  )
  .map((found) =>
    found
      .sort((a, b) => b.score - a.score)
      .map(({ score, angle }) => ({ score, vector: unit(angle) })),
  );

describe("maximal marginal relevance", () => {
  it("chooses each place once, as many as are wanted and there are", () => {
    fc.assert(
      fc.property(
        candidates,
        fc.integer({ min: 1, max: 15 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (found, k, diversity) => {
          const chosen = marginalRelevance(found, k, diversity);
          expect(chosen).toHaveLength(Math.min(k, found.length));
          expect(new Set(chosen).size).toBe(chosen.length);
        },
      ),
    );
  });

  it("keeps the order without diversity, and begins with the best below 1", () => {
    fc.assert(
      fc.property(candidates, fc.double({ min: 0, max: 0.99, noNaN: true }), (found, diversity) => {
        expect(
          marginalRelevance(found, found.length, 0).map((place) => found[place].score),
        ).toEqual(found.map(({ score }) => score));
        expect(found[marginalRelevance(found, 1, diversity)[0]].score).toBe(found[0].score);
      }),
    );
  });

  it("passes over what is like the chosen", () => {
    const found = [
      { score: 3, vector: unit(0) },
      { score: 2.9, vector: unit(0.01) },
      { score: 2, vector: unit(Math.PI / 2) },
      { score: 0, vector: unit(0.02) },
    ];
    expect(marginalRelevance(found, 3, 0)).toEqual([0, 1, 2]);
    expect(marginalRelevance(found, 3, 0.5)).toEqual([0, 2, 1]);
  });
});
