import { expect, test } from "vitest";
import { estimate } from "./survey.ts";

const timed = { texts: 10, characters: 1000, tokens: 200, seconds: 2 };
const survey = { texts: 1000, characters: 50_000 };

test.each([
  ["all of them", survey, 0, { texts: 1000, tokens: 10_000, seconds: 100 }],
  ["half of them is there", survey, 500, { texts: 500, tokens: 5000, seconds: 50 }],
  ["all is there", survey, 1000, { texts: 0, tokens: 0, seconds: 0 }],
  ["more is there than before", survey, 2000, { texts: 0, tokens: 0, seconds: 0 }],
  ["nothing", { texts: 0, characters: 0 }, 0, { texts: 0, tokens: 0, seconds: 0 }],
])("time and tokens go with the characters: %s", (_, found, done, wanted) => {
  expect(estimate(found, timed, { dims: 8, done })).toEqual({
    ...wanted,
    bytes: 32 * found.texts,
    sampled: 10,
  });
});

test("texts without a character take no time", () => {
  const empty = { texts: 3, characters: 0 };
  const nothing = { texts: 3, characters: 0, tokens: 6, seconds: 0.1 };
  expect(estimate(empty, nothing, { dims: 2 })).toMatchObject({ tokens: 0, seconds: 0 });
});
