import { expect, test } from "vitest";
import { array64 } from "../graph/array64.ts";
import { grad } from "../graph/grad.ts";
import { input } from "../graph/node.ts";
import { evaluate } from "../graph/reference.ts";
import { batchAllTriplet } from "./batch-all-triplet.ts";
import { batchHardSoftMarginTriplet } from "./batch-hard-soft-margin-triplet.ts";
import { batchHardTriplet } from "./batch-hard-triplet.ts";
import { batchSemiHardTriplet } from "./batch-semi-hard-triplet.ts";

const softplus = (x: number) => Math.log1p(Math.exp(x));

/** Points on a line and their classes; the margin is 5. */
const cases = [
  ["hard: beyond the margin is 0", batchHardTriplet, [0, 1, 6.5], [0, 0, 1], 0.25],
  ["semi-hard: beyond the margin is 0", batchSemiHardTriplet, [0, 1, 6.5], [0, 0, 1], 0.25],
  ["hard: a text without a positive is not averaged", batchHardTriplet, [0, 1, 3], [0, 0, 1], 3.5],
  [
    "soft margin",
    batchHardSoftMarginTriplet,
    [0, 1, 3],
    [0, 0, 1],
    (softplus(-2) + softplus(-1)) / 2,
  ],
  ["all: both anchors of the one pair", batchAllTriplet, [0, 1, 3], [0, 0, 1], 3.5],
  ["all: beyond the margin is not averaged", batchAllTriplet, [0, 1, 6.5], [0, 0, 1], 0.5],
  ["semi-hard: the nearest that is farther", batchSemiHardTriplet, [0, 1, 3, 9], [0, 0, 1, 2], 3.5],
  ["semi-hard: the farthest where none is farther", batchSemiHardTriplet, [0, 4, 1], [0, 0, 1], 7],
] as const;

test.each(cases)("%s", (_, loss, points, classes, wanted) => {
  const { value } = lossOf(loss(), points, classes);
  expect(value).toBeClose([wanted], { rtol: 1e-9 });
});

const losses = [
  batchAllTriplet,
  batchHardTriplet,
  batchHardSoftMarginTriplet,
  batchSemiHardTriplet,
];

test.each(
  losses.flatMap((loss) => [
    [`${loss.name}, one class`, loss, [2, 2, 2]] as const,
    [`${loss.name}, no two of a class`, loss, [1, 2, 3]] as const,
  ]),
)("%s: no triplet costs nothing", (_, loss, classes) => {
  const { value, gradient } = lossOf(loss(), [0, 1, 3], classes);
  expect([...value, ...gradient]).toEqual([0, 0, 0, 0]);
});

function lossOf(
  loss: ReturnType<typeof batchAllTriplet>,
  points: readonly number[],
  classes: readonly number[],
) {
  const size = points.length;
  const anchors = input("anchors", "float32", [size, 1]);
  const value = loss({ anchors, labels: input("labels", "float32", [size]), negatives: [] });
  const feeds = new Map([
    ["anchors", array64([size, 1], [...points])],
    ["labels", array64([size], [...classes])],
  ]);
  const [found, gradient] = evaluate([value, ...grad(value, [anchors])], feeds);
  return { value: found.data, gradient: gradient.data };
}
