import fc from "fast-check";
import { expect, test } from "vitest";
import { type CountedWord, learnMerges, type Merge } from "./learn-merges.ts";

const join = (left: string, right: string) => left + right;

/** The algorithm as the paper has it: count all pairs anew before each merge. */
function slowMerges(words: readonly CountedWord[], minFrequency: number): Merge[] {
  let split = words.map(({ pieces, count }) => ({ pieces: [...pieces], count }));
  const known = [...new Set(words.flatMap(({ pieces }) => pieces))].sort();
  const merges: Merge[] = [];
  for (;;) {
    const pairs = new Map<string, { left: number; right: number; count: number }>();
    for (const { pieces, count } of split) {
      for (let i = 1; i < pieces.length; i++) {
        const [left, right] = [known.indexOf(pieces[i - 1]), known.indexOf(pieces[i])];
        const pair = pairs.get(`${left} ${right}`) ?? { left, right, count: 0 };
        pairs.set(`${left} ${right}`, { ...pair, count: pair.count + count });
      }
    }
    const [best] = [...pairs.values()].sort(
      (a, b) => b.count - a.count || a.left - b.left || a.right - b.right,
    );
    if (best === undefined || best.count < minFrequency) return merges;
    const [left, right] = [known[best.left], known[best.right]];
    const token = left + right;
    merges.push({ left, right, token, count: best.count });
    if (!known.includes(token)) known.push(token);
    split = split.map(({ pieces, count }) => {
      const merged: string[] = [];
      for (let i = 0; i < pieces.length; i++) {
        const fits = pieces[i] === left && pieces[i + 1] === right;
        merged.push(fits ? token : pieces[i]);
        if (fits) i++;
      }
      return { pieces: merged, count };
    });
  }
}

test("the paper's example", () => {
  const words = Object.entries({ low_: 5, lower_: 2, newest_: 6, widest_: 3 }).map(
    ([word, count]) => ({ pieces: [...word], count }),
  );
  const tokens = [...learnMerges(words, { minFrequency: 6, join })].map(({ token }) => token);
  expect(tokens).toEqual(["es", "t_", "est_", "lo", "low", "ew", "new", "newest_"]);
});

test("equals the slow algorithm, runs of one letter and doubled tokens included", () => {
  const word = fc.array(fc.constantFrom("a", "b", "c", "ab"), { minLength: 1, maxLength: 12 });
  const words = fc.array(fc.record({ pieces: word, count: fc.integer({ min: 1, max: 4 }) }), {
    maxLength: 12,
  });
  fc.assert(
    fc.property(words, fc.integer({ min: 1, max: 4 }), (list, minFrequency) => {
      expect([...learnMerges(list, { minFrequency, join })]).toEqual(
        slowMerges(list, minFrequency),
      );
    }),
    { numRuns: 300 },
  );
});
