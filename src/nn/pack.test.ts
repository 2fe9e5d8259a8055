import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { chooseBlocks, pack, roundUpTokens } from "./pack.ts";
import { packedNames } from "./packed-layout.ts";

const numbers = (packed: ReturnType<typeof pack>, name: string) =>
  Array.from(packed.feeds[name].data as ArrayLike<number>);

/** The slots of all blocks, end to end, with the mask of each. */
function slotsOf(packed: ReturnType<typeof pack>) {
  const blocks = [...Array(packed.blocks).keys()];
  return {
    slots: blocks.flatMap((i) => numbers(packed, packedNames.slots(i))),
    masked: blocks.flatMap((i) => numbers(packed, packedNames.mask(i)).map((m) => m !== 0)),
    weights: blocks.flatMap((i) => numbers(packed, packedNames.pool(i))),
  };
}

const lengths = fc.array(fc.integer({ min: 1, max: 70 }), { minLength: 1, maxLength: 40 });
const sequencesOf = (found: readonly number[]) =>
  found.map((length, i) => Array.from({ length }, (_, s) => 1000 * (i + 1) + s));

describe("a packed batch, whatever the lengths and blocks", () => {
  test("holds every token once, and the two index maps are inverse", () => {
    fc.assert(
      fc.property(lengths, fc.integer({ min: 1, max: 3 }), (found, maxBlocks) => {
        const sequences = sequencesOf(found);
        const packed = pack(sequences, { maxBlocks });
        const ids = numbers(packed, packedNames.ids);
        const { slots, masked } = slotsOf(packed);
        const placed = slots.flatMap((row, slot) => (masked[slot] ? [] : [row]));
        expect(placed.map((row) => ids[row]).sort()).toEqual(sequences.flat().sort());
        const [rows, columns] = [packedNames.row, packedNames.column].map((name) =>
          numbers(packed, name),
        );
        for (let t = 0; t < packed.tokens; t++) {
          expect(slots[rows[t] + columns[t]]).toBe(t);
          expect(masked[rows[t] + columns[t]]).toBe(false);
        }
      }),
    );
  });

  test("points rows of padding at empty slots and empty slots at a row of padding", () => {
    fc.assert(
      fc.property(lengths, fc.integer({ min: 1, max: 3 }), (found, maxBlocks) => {
        const packed = pack(sequencesOf(found), { maxBlocks });
        const { slots, masked, weights } = slotsOf(packed);
        const total = packed.feeds[packedNames.ids].shape[0];
        const [rows, columns] = [packedNames.row, packedNames.column].map((name) =>
          numbers(packed, name),
        );
        slots.forEach((row, slot) => {
          if (!masked[slot]) return;
          expect(row).toBeGreaterThanOrEqual(packed.tokens);
          expect(row).toBeLessThan(total);
          expect(weights[slot]).toBe(0);
        });
        for (let t = packed.tokens; t < total; t++) expect(masked[rows[t] + columns[t]]).toBe(true);
      }),
    );
  });

  test("puts the vectors back in the order the texts came in", () => {
    fc.assert(
      fc.property(lengths, (found) => {
        const packed = pack(sequencesOf(found));
        const order = numbers(packed, packedNames.order);
        const place = numbers(packed, packedNames.place);
        order.forEach((at, text) => {
          expect(place[at]).toBe(text);
        });
      }),
    );
  });
});

describe("blocks", () => {
  test.each([
    ["equal lengths are one", [64, 64, 64], 3, [3]],
    ["two kinds of lengths are two", [64, 64, 8, 8, 8, 8], 3, [2, 4]],
    ["at most as many as allowed", [64, 32, 8, 8], 1, [4]],
    ["a small saving is not worth a block", [64, 64, 64, 56], 3, [4]],
  ] as const)("%s", (_, sorted, maxBlocks, wanted) => {
    expect(chooseBlocks(sorted, maxBlocks)).toEqual(wanted);
  });

  test("an exact fit has no padding at all", () => {
    const packed = pack(Array.from({ length: 32 }, () => Array<number>(64).fill(7)));
    expect(packed.feeds[packedNames.ids].shape).toEqual([2048]);
  });

  test.each([
    [1, 8],
    [8, 8],
    [9, 16],
    [130, 136],
    [2048, 2048],
    [2049, 2176],
    [3008, 3072],
  ])("%i tokens are rounded up to %i", (tokens, wanted) => {
    expect(roundUpTokens(tokens)).toBe(wanted);
  });
});
