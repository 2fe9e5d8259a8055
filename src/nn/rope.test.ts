import { expect, test } from "vitest";
import { goldenJson } from "../../test/golden.ts";
import { inverseFrequencies } from "./rope.ts";

test("Llama 3's frequencies are transformers', to one unit in the last place", () => {
  const golden = goldenJson<{ inv_freq: number[] }>("models/llama-rope3/golden");
  const scaling = {
    type: "llama3",
    factor: 8,
    lowFrequencyFactor: 1,
    highFrequencyFactor: 4,
    originalMaxPositions: 32,
  } as const;
  const found = inverseFrequencies({ theta: 10_000, scaling }, 16);
  expect(found).toBeClose(golden.inv_freq, { rtol: 2 ** -23, atol: 0 });
});

test.each([
  ["plain", undefined, [1, 0.1, 0.01, 0.001]],
  [
    "every position divided",
    { type: "linear", factor: 4 } as const,
    [0.25, 0.025, 0.0025, 0.00025],
  ],
])("theta to the power of -2i/K: %s", (_, scaling, wanted) => {
  const found = inverseFrequencies({ theta: 10_000, ...(scaling && { scaling }) }, 8);
  expect(found).toBeClose(wanted, { rtol: 2 ** -23, atol: 0 });
});
