import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { pack } from "./pack.ts";
import { packedNames } from "./packed-layout.ts";
import { maskTokens, packPredictions } from "./predictions.ts";

const MASK = 99;
const options = { maskId: MASK, seed: 3, step: 7 };
const numbered = (lengths: readonly number[]) =>
  lengths.map((length, i) => Array.from({ length }, (_, s) => 1000 * (i + 1) + s));

describe("masking", () => {
  const [long] = numbered([4000]);

  test.each<
    [name: string, sequences: number[][], more: object, masked: number[][], predictions: number[][]]
  >([
    [
      "all but the first token",
      [[5, 6, 7], [8]],
      { share: 1 },
      [[5, MASK, MASK], [8]],
      [
        [0, 0, 6],
        [0, 1, 7],
      ],
    ],
    [
      "not the ids that stay",
      [[1, 5, 2, 6, 2]],
      { share: 1, kept: new Set([1, 2]) },
      [[1, MASK, 2, MASK, 2]],
      [
        [0, 0, 5],
        [0, 2, 6],
      ],
    ],
    ["nothing of an empty text", [[], [5, 6]], { share: 1 }, [[], [5, MASK]], [[1, 0, 6]]],
  ])("%s", (_, sequences, more, masked, predictions) => {
    const found = maskTokens(sequences, { ...options, ...more });
    expect(found.sequences.map((ids) => [...ids])).toEqual(masked);
    expect(found.predictions.map(({ sequence, place, id }) => [sequence, place, id])).toEqual(
      predictions,
    );
  });

  test("each prediction is of the token after its place, and the others are as they were", () => {
    const sequences = numbered([40, 3, 120]);
    const { sequences: masked, predictions } = maskTokens(sequences, options);
    const restored = masked.map((ids) => [...ids]);
    for (const { sequence, place, id } of predictions) {
      expect(masked[sequence][place + 1]).toBe(MASK);
      restored[sequence][place + 1] = id;
    }
    expect(restored).toEqual(sequences);
  });

  test.each([0.2, 0.8])("about the share asked for: %d", (share) => {
    const { predictions } = maskTokens([long], { ...options, share });
    const deviation = Math.sqrt(long.length * share * (1 - share));
    expect(Math.abs(predictions.length - share * long.length)).toBeLessThan(4 * deviation);
  });

  test("the same seed and step mask the same tokens, whatever comes after; others do not", () => {
    const [first, same, more, step, seed] = [
      maskTokens([long], options),
      maskTokens([long], options),
      maskTokens([long, long], options),
      maskTokens([long], { ...options, step: 8 }),
      maskTokens([long], { ...options, seed: 4 }),
    ].map(({ sequences }) => sequences);
    expect(same).toEqual(first);
    expect(more[0]).toEqual(first[0]);
    expect(more[1]).not.toEqual(first[0]);
    expect(step).not.toEqual(first);
    expect(seed).not.toEqual(first);
  });

  test.each([0, 1.5, -1, Number.NaN])("refuses a share of %d", (share) => {
    expect(() => maskTokens([long], { ...options, share })).toThrow(/not a share of the tokens/);
  });
});

describe("feeds", () => {
  test("a row holds the token whose vector predicts, in the order in which the batch is packed", () => {
    const lengths = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(lengths, fc.integer({ min: 0, max: 1e6 }), (found, seed) => {
        const sequences = numbered(found);
        const { sequences: masked, predictions } = maskTokens(sequences, { ...options, seed });
        const { [packedNames.ids]: ids } = pack(sequences).feeds;
        const feeds = packPredictions(masked, predictions);
        const [rows, targets, weights] = ["rows", "targets", "weights"].map(
          (name) => feeds[`predict.${name}`].data as Int32Array,
        );
        predictions.forEach(({ sequence, place, id }, m) => {
          expect(ids.data[rows[m]]).toBe(sequences[sequence][place]);
          expect(targets[m]).toBe(id);
        });
        expect([...weights]).toEqual([...weights].map((_, m) => (m < predictions.length ? 1 : 0)));
        expect(weights.length).toBeGreaterThanOrEqual(Math.max(predictions.length, 1));
      }),
    );
  });

  test("refuses a place that is not there", () => {
    expect(() => packPredictions([[1, 2]], [{ sequence: 0, place: 2, id: 5 }])).toThrow(
      /not there/,
    );
    expect(() => packPredictions([[1, 2]], [{ sequence: 1, place: 0, id: 5 }])).toThrow(
      /not there/,
    );
  });
});
