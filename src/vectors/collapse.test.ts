import { describe, expect, it } from "vitest";
import { fillNormal } from "../graph/rng.ts";
import { checkCollapse, describeCollapse, warn } from "./collapse.ts";
import { fitScheme, parseScheme } from "./scheme.ts";

const WIDTH = 256;
const options = { similarity: "cosine", width: WIDTH } as const;
const scheme = (text: string) => fitScheme(parseScheme(text), WIDTH);
const drawn = (mean: number) => fillNormal(new Float32Array(300 * WIDTH), { seed: 3, mean: mean });
/** The same few directions in every vector, along one mean. */
const collapsed = (() => {
  const few = fillNormal(new Float32Array(300 * 4), { seed: 4 });
  const directions = fillNormal(new Float32Array(4 * WIDTH), { seed: 5 });
  return Float32Array.from({ length: 300 * WIDTH }, (_, i) => {
    const row = Math.floor(i / WIDTH);
    const varying = [0, 1, 2, 3].reduce(
      (sum, f) => sum + few[4 * row + f] * directions[f * WIDTH + (i % WIDTH)],
      0,
    );
    return 5 + varying;
  });
})();

describe("the collapse check", () => {
  it("says nothing against bits that are rescored, of vectors to all sides", () => {
    const generous = { ...options, multiplier: 10 };
    const found = checkCollapse(drawn(0), scheme("binary+float32"), generous);
    expect(found.warnings).toEqual([]);
    expect(Object.keys(found.recall)).toEqual(["binary+float32", "int8"]);
  });

  it("of collapsed vectors says all three reasons, and what to take instead", () => {
    const { warnings } = checkCollapse(collapsed, scheme("binary"), options);
    expect(warnings).toHaveLength(3);
    expect(warnings[0]).toMatch(
      /^binary finds [\d.]+ % of the ten nearest in a sample; binary\+int8 /,
    );
    expect(warnings[0]).toMatch(/int8 9[\d.]+ %$/);
    expect(warnings[1]).toMatch(/as much apart as \d+ independent ones would/);
    expect(warnings[2]).toMatch(/their mean has length 0\.9/);
  });

  it("says nothing against int8 of the same", () => {
    expect(checkCollapse(collapsed, scheme("int8"), options).warnings).toEqual([]);
  });

  it("measures no recall in a handful, and says what it can", () => {
    const few = checkCollapse(drawn(0).subarray(0, 20 * WIDTH), scheme("int8"), options);
    expect(few.recall).toEqual({});
    expect(describeCollapse(few)).toMatch(
      /^a sample of 20: 256 dimensions count as \d+, .*length 0\.\d\d$/,
    );
  });
});

describe("a warning", () => {
  const distribution = {
    ...{ rows: 1000, dims: WIDTH, meanLength: 0.5, effectiveDims: 40, signEntropy: 0.9 },
    ...{ stuckSigns: 0, effectiveBits: 80, bitCorrelation: 0.1 },
  };
  it.each([
    ["recall just enough", "binary", { binary: 0.9 }, {}, 0],
    ["recall below", "binary", { binary: 0.899 }, {}, 1],
    ["recall below, and few bits", "binary", { binary: 0.8 }, { effectiveBits: 63 }, 2],
    ["few bits of int8", "int8", { int8: 0.8 }, { effectiveBits: 10 }, 1],
    ["recall below, and a long mean", "binary", { binary: 0.8 }, { meanLength: 0.91 }, 2],
    ["few bits that do", "binary", { binary: 0.95 }, { effectiveBits: 10 }, 0],
    ["a sample too small", "binary", {}, { effectiveBits: 10 }, 0],
  ])("for %s", (_, text, recall, changed, count) => {
    const figures = { distribution: { ...distribution, ...changed }, recall };
    expect(warn(scheme(text), figures, WIDTH)).toHaveLength(count);
  });
});
