import fc from "fast-check";
import { expect, it } from "vitest";
import { TopK } from "./top-k.ts";

const few = fc.array(fc.integer({ min: -3, max: 3 }), { maxLength: 40 });

it("keeps the best, whatever the order of pushes; of equal scores the smaller row", () => {
  fc.assert(
    fc.property(
      few,
      fc.integer({ min: 0, max: 12 }),
      fc.infiniteStream(fc.nat()),
      (scores, room, order) => {
        const rows = scores.map((score, row) => ({
          row,
          score,
          key: order.next().value as number,
        }));
        const wanted = rows
          .toSorted((a, b) => b.score - a.score || a.row - b.row)
          .slice(0, room)
          .map(({ row, score }) => ({ row, score }));
        const best = new TopK(room);
        for (const { row, score } of rows.toSorted((a, b) => a.key - b.key)) best.push(score, row);
        expect(best.sorted()).toEqual(wanted);
        expect([...best.rows()].sort()).toEqual(wanted.map(({ row }) => row).sort());
      },
    ),
  );
});

it("of equal scores the smaller place, where rows have places", () => {
  const best = new TopK(2, Int32Array.of(2, 0, 1));
  for (const row of [0, 1, 2]) best.push(1, row);
  expect(best.sorted().map(({ row }) => row)).toEqual([1, 2]);
});

it("says beforehand what it would keep", () => {
  const best = new TopK(1);
  expect(best.takes(-1, 5)).toBe(true);
  best.push(1, 5);
  const asked = [
    [2, 9],
    [1, 4],
    [1, 6],
    [0, 0],
  ] as const;
  expect(asked.map(([score, row]) => best.takes(score, row))).toEqual([true, true, false, false]);
  expect(new TopK(0).takes(9, 0)).toBe(false);
});

it("gives a kept row's place to a better one, and to no other", () => {
  const best = new TopK(3);
  for (const [row, score] of [3, 1, 2].entries()) best.push(score, row);
  best.replace(best.rows().indexOf(1), 4, 5);
  best.replace(best.rows().indexOf(0), 2.5, 6);
  best.replace(best.rows().indexOf(0), 3, 7);
  best.push(2.5, 8);
  expect(best.sorted()).toEqual([
    { row: 5, score: 4 },
    { row: 0, score: 3 },
    { row: 8, score: 2.5 },
  ]);
});

it.each([
  [0, [], Number.POSITIVE_INFINITY],
  [2, [], Number.NEGATIVE_INFINITY],
  [2, [4], Number.NEGATIVE_INFINITY],
  [2, [4, 1, 3], 3],
])("with room for %i, after %j, what is below %d has no place", (room, scores, least) => {
  const best = new TopK(room);
  scores.forEach((score, row) => {
    best.push(score, row);
  });
  expect(best.least).toBe(least);
});
