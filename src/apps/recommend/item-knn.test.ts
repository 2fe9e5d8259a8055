import { expect, test } from "vitest";
import { itemKnn } from "./item-knn.ts";

const chosen = [
  [0, 1, 2],
  [1, 2, 3],
  [0, 2, 4],
  [3, 4],
  [1, 5, 2],
];
const feedback = {
  users: chosen.map((_, user) => `u${user}`),
  items: Array.from({ length: 7 }, (_, item) => `i${item}`),
  histories: chosen.map((rows) => Int32Array.from(rows)),
};

/** By numpy: `C = XᵀX` without its diagonal, `S = C / (√(n nᵀ) + shrinkage)`, the sum of the columns 1 and 5. */
test.each([
  [
    "all neighbours",
    { neighbours: 100, shrinkage: 0 },
    [0.408248, 0.57735, 1.366025, 0.408248, 0, 0.57735, 0],
  ],
  [
    "held back",
    { neighbours: 100, shrinkage: 2 },
    [0.224745, 0.267949, 0.799038, 0.224745, 0, 0.267949, 0],
  ],
  [
    "the two nearest of each item",
    { neighbours: 2, shrinkage: 2 },
    [0, 0.267949, 0.549038, 0.224745, 0, 0.267949, 0],
  ],
])("item-kNN: %s", (_, options, wanted) => {
  // Both count the same, together of unit length.
  const scores = itemKnn(feedback, options)([1, 5]).map((score) => score * Math.SQRT2);
  expect(scores).toBeClose(wanted, { atol: 1e-5 });
});

test("what was chosen earlier counts less", () => {
  const scores = itemKnn(feedback, { shrinkage: 0, halfLife: 1 });
  const [early, late] = [scores([4, 5]), scores([5, 4])];
  // Only item 4's users chose item 0 as well.
  expect(early[0]).toBeCloseTo(late[0] / 2, 6);
});
