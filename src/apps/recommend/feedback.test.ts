import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { itemCounts, toFeedback } from "./feedback.ts";
import { leaveLastOut } from "./leave-last-out.ts";
import { popularity, rankOf } from "./scorer.ts";

describe("choices by rows", () => {
  test.each([
    [
      "times order them",
      [
        ["a", 3],
        ["b", 1],
        ["c", 2],
      ],
      ["b", "c", "a"],
    ],
    [
      "equal times keep the order in which they come",
      [
        ["a", 1],
        ["b", 1],
      ],
      ["a", "b"],
    ],
    [
      "chosen twice, the last time counts",
      [
        ["a", 1],
        ["b", 2],
        ["a", 3],
      ],
      ["b", "a"],
    ],
    [
      "and is not undone by an earlier row",
      [
        ["a", 3],
        ["b", 2],
        ["a", 1],
      ],
      ["b", "a"],
    ],
  ] as const)("%s", (_, rows, wanted) => {
    const feedback = toFeedback(rows.map(([item, time]) => ({ user: "u", item, time })));
    expect(Array.from(feedback.histories[0], (row) => feedback.items[row])).toEqual(wanted);
  });

  it("has rows for known items first, chosen or not", () => {
    const feedback = toFeedback([{ user: "u", item: "new" }], { items: ["x", "y"] });
    expect(feedback.items).toEqual(["x", "y", "new"]);
    expect([...itemCounts(feedback)]).toEqual([0, 0, 1]);
  });

  it("refuses none", () => {
    expect(() => toFeedback([])).toThrow("there are no interactions");
  });
});

const interactions = fc.array(
  fc.record({
    user: fc.constantFrom("u", "v", "w"),
    item: fc.constantFrom("a", "b", "c", "d", "e"),
    time: fc.integer({ min: 0, max: 9 }),
  }),
  { minLength: 1, maxLength: 30 },
);

it("leaves out the last choice of each user, and nothing of it is learnt", () => {
  fc.assert(
    fc.property(interactions, fc.constantFrom(0, 1), (rows, back) => {
      const feedback = toFeedback(rows);
      const { learnt, asked } = leaveLastOut(feedback, { back });
      const isAsked = new Map(asked.map(({ user, item }) => [user, item]));
      feedback.histories.forEach((history, user) => {
        const kept = [...learnt.histories[user]];
        if (history.length < 3) {
          expect(isAsked.has(user)).toBe(false);
          expect(kept).toEqual([...history]);
        } else {
          expect(isAsked.get(user)).toBe(history.at(-1 - back));
          expect(kept).toEqual([...history.slice(0, history.length - 1 - back)]);
          expect(kept).not.toContain(isAsked.get(user));
        }
      });
    }),
  );
});

it("ranks among what was not chosen; of equal scores the lower row first", () => {
  const scores = Float32Array.of(5, 1, 3, 3, 0);
  expect(rankOf(scores, 3, [])).toBe(3);
  expect(rankOf(scores, 3, [0])).toBe(2);
  expect(rankOf(scores, 2, [])).toBe(2);
  expect(rankOf(scores, 4, [0], (row) => row !== 1)).toBe(3);
});

it("gives everybody what most have chosen", () => {
  const rows = ["a", "b", "b", "c", "b", "c"].map((item, i) => ({ user: `u${i}`, item }));
  const feedback = toFeedback(rows);
  expect([...popularity(feedback)([])]).toEqual([1, 3, 2]);
});
