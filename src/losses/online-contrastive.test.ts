import { expect, test } from "vitest";
import { constant } from "../graph/node.ts";
import { evaluate } from "../graph/reference.ts";
import { floats } from "../tensor/tensor.ts";
import { onlineContrastive } from "./online-contrastive.ts";

/** Pairs on a line that are 1, 2 and 4 apart (their mean is 7/3); the margin is 10. */
test.each([
  ["negatives nearer than the farthest positive", [0, 0, 1], 81 + 64 + 16],
  ["positives farther than the nearest negative", [0, 1, 1], 81 + 4 + 16],
  ["pairs in order cost nothing", [1, 1, 0], 0],
  ["positives alone: those beyond their mean", [1, 1, 1], 16],
  ["negatives alone: those within their mean", [0, 0, 0], 81 + 64],
  ["a label that is neither is left out", [0, 0.5, 1], 81 + 16],
])("%s", (_, labels, wanted) => {
  const loss = onlineContrastive({ distance: "euclidean", margin: 10 });
  const value = loss({
    anchors: constant(floats([0, 0, 0], [3, 1])),
    positives: constant(floats([1, 2, 4], [3, 1])),
    negatives: [],
    labels: constant(floats(labels, [3])),
  });
  expect(evaluate([value], new Map())[0].data).toBeClose([wanted], { rtol: 1e-9 });
});
