import { describe, expect, it } from "vitest";
import type { Comparison } from "../evaluate/index.ts";
import { againstOutcome } from "./against-result.ts";
import type { Compared, LostRow } from "./compared.ts";

const around = (mean: number, reach: number) => ({ mean, low: mean - reach, high: mean + reach });
const comparison = (ours: number, baseline: number, atMost: number): Comparison => ({
  ours: around(ours, 0.02),
  baseline: around(baseline, 0.02),
  difference: around(ours - baseline, 0.01),
  p: 0.03,
  kept: { ...around(ours / baseline, 0.02), atMost },
});
const lost: LostRow = {
  json: { query: "q1" },
  text: `a long\nquery ${"that goes on ".repeat(20)}`,
  delta: -0.5,
  shown: { ours: "0.5000, relevant at 3", baseline: "1.0000, relevant at 1" },
};
const compared = (headline: Comparison, worst: readonly LostRow[] = []): Compared => ({
  sizes: { queries: 300, documents: 5183 },
  drawn: "300 queries",
  samples: 10_000,
  headline: ["ndcg@10", "nDCG@10"],
  comparisons: { "ndcg@10": headline },
  test: "paired randomization test",
  agreement: { json: { k: 10 }, text: "Agreement: all" },
  vectors: { mean: 0.98, min: 0.9 },
  geometry: {
    ours: { alignment: Number.NaN, uniformity: -3 },
    baseline: { alignment: 0.5, uniformity: -3.5 },
  },
  rows: [],
  worst,
});
const models = {
  ours: { reference: "small/", dims: 96 },
  baseline: { reference: "model/", dims: 384 },
};

describe("the gate in words", () => {
  it.each([
    [
      "met",
      comparison(0.6, 0.6, 1.02),
      "nDCG@10: 1.0000 of the baseline's is kept (0.6000 of 0.6000), at least 0.99 is required: met",
    ],
    [
      "not-proven",
      comparison(0.588, 0.6, 0.9951),
      "warning: nDCG@10: 0.9800 of the baseline's is kept (0.5880 of 0.6000), at least 0.99 is required: not proven. By the one-sided 95 % interval of the ratio, paired bootstrap of 10000 resamples of 300 queries, at most 0.9951 is kept, so chance may be why; more rows would tell",
    ],
  ])("%s passes", (verdict, headline, line) => {
    const { text, json, unmet } = againstOutcome(compared(headline), models, {
      failBelow: 0.99,
      columns: 100,
    });
    expect(text.split("\n")).toContain(line);
    expect(json).toMatchObject({ gate: { verdict, required: 0.99 } });
    expect(unmet).toBeUndefined();
  });

  it("fell is a requirement that is not met", () => {
    const { unmet, json } = againstOutcome(compared(comparison(0.5, 0.6, 0.87)), models, {
      failBelow: 0.99,
      columns: 100,
    });
    expect(json).toMatchObject({ gate: { verdict: "fell", atMost: 0.87 } });
    expect(unmet?.exitCode).toBe(3);
    expect(unmet?.message).toBe(
      "small/: nDCG@10 fell by more than chance (got 0.8333 of the baseline's (0.5000 of 0.6000), and at most 0.8700 with 95 % confidence, wanted at least 0.99). Tested by the one-sided 95 % interval of the ratio, paired bootstrap of 10000 resamples of 300 queries",
    );
  });

  it("of a baseline of 0 there is no share", () => {
    expect(() =>
      againstOutcome(compared(comparison(0.5, 0, 1)), models, { failBelow: 0.9, columns: 100 }),
    ).toThrow(/model\/: the baseline has nothing of which a share could be kept/);
  });
});

describe("the report", () => {
  it.each([60, 100, 200])("in %s columns, rows that lost are on one line each", (columns) => {
    const { text } = againstOutcome(compared(comparison(0.5, 0.6, 0.87), [lost]), models, {
      columns,
    });
    const lines = text.split("\n");
    const row = lines.find((line) => line.startsWith(" 1  -0.5000  a long query that"))!;
    expect(row.length).toBe(columns);
    expect(row.endsWith("…")).toBe(true);
    expect(lines).toContain("    model     0.5000, relevant at 3");
    expect(lines).toContain("    baseline  1.0000, relevant at 1");
  });

  it("has no number where there is none", () => {
    const { text } = againstOutcome(compared(comparison(0.5, 0.6, 0.87)), models, { columns: 100 });
    expect(text).toMatch(/^alignment +– +0\.5000/m);
    expect(text).toContain("No row lost in nDCG@10");
  });
});
