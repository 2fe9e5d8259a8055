import { describe, expect, it } from "vitest";
import { NearfoldError } from "../errors.ts";
import { sequence } from "../graph/rng.ts";
import { type SelectionOptions, withDefaults } from "./options.ts";
import { type Candidate, selectNegatives } from "./select.ts";

const match = { anchor: "Q", positives: ["P1", "P2"], positiveScore: 0.5 };
const plain: SelectionOptions = { relativeMargin: false };

/** Candidates as "text score", best first. */
function candidates(list: string): readonly Candidate[] {
  return list.split(", ").map((entry) => {
    const [text, score] = entry.split(" ");
    return { text, score: Number(score) };
  });
}

function select(list: string, options: SelectionOptions, { positiveScore = 0.5, seed = 1 } = {}) {
  const settings = withDefaults(options);
  const next = sequence(seed);
  const found = selectNegatives(candidates(list), { ...match, positiveScore }, settings, next);
  return {
    negatives: found.negatives.map(({ text }) => text).join(" "),
    dropped: found.dropped.map(({ text, reason }) => `${text}:${reason}`).join(" "),
    seen: found.seen,
  };
}

describe("what becomes a negative", () => {
  const five = "a 0.9, b 0.7, c 0.45, d 0.4, e 0.1";
  it.each<[string, string, SelectionOptions, string, string]>([
    ["the best, by default three", five, plain, "a b c", ""],
    ["as many as asked for", five, { ...plain, negatives: 2 }, "a b", ""],
    ["fewer where there are fewer", "a 0.9", plain, "a", ""],
    [
      "no known match, no anchor, no blank",
      "P1 0.9, q 0.8, \u00a0 0.8, a 0.7, p2 0.6, b 0.4",
      plain,
      "a b",
      "P1:positive q:anchor \u00a0:empty p2:positive",
    ],
    [
      "nothing past rangeMax; known matches take no rank",
      "P1 0.9, a 0.8, b 0.7, c 0.6, d 0.5",
      { ...plain, negatives: 1, rangeMin: 1, rangeMax: 3 },
      "b",
      "P1:positive a:rangeMin",
    ],
    [
      "nothing of the first rangeMin",
      five,
      { ...plain, rangeMin: 2 },
      "c d e",
      "a:rangeMin b:rangeMin",
    ],
    [
      "rangeMin counts what the scores leave",
      five,
      { ...plain, maxScore: 0.8, rangeMin: 1 },
      "c d e",
      "a:maxScore b:rangeMin",
    ],
    ["at most maxScore", five, { ...plain, maxScore: 0.7 }, "b c d", "a:maxScore"],
    [
      "at least minScore",
      five,
      { ...plain, minScore: 0.45, negatives: 5 },
      "a b c",
      "d:minScore e:minScore",
    ],
    [
      "at most the positive minus the absolute margin",
      five,
      { ...plain, absoluteMargin: 0.1 },
      "d e",
      "a:absoluteMargin b:absoluteMargin c:absoluteMargin",
    ],
    [
      "a margin of 0: none above the positive",
      "a 0.51, b 0.5, c 0.4",
      { ...plain, absoluteMargin: 0 },
      "b c",
      "a:absoluteMargin",
    ],
    ["by default 5 % below the positive", "a 0.48, b 0.475, c 0.4", {}, "b c", "a:relativeMargin"],
    [
      "at most the positive minus the relative margin",
      five,
      { relativeMargin: 0.2 },
      "d e",
      "a:relativeMargin b:relativeMargin c:relativeMargin",
    ],
    [
      "the first rule that applies is the reason",
      five,
      { relativeMargin: 0.05, absoluteMargin: 0.03, maxScore: 0.8 },
      "c d e",
      "a:absoluteMargin b:absoluteMargin",
    ],
  ])("%s", (_, list, options, negatives, dropped) => {
    expect(select(list, options)).toMatchObject({ negatives, dropped });
  });

  it("a relative margin goes down from a positive below 0 too", () => {
    const { negatives } = select(
      "a -0.3, b -0.5, c -0.7",
      { relativeMargin: 0.2 },
      { positiveScore: -0.5 },
    );
    expect(negatives).toBe("c");
  });

  it("counts what was looked at", () => {
    expect(select(five, { ...plain, negatives: 1, rangeMax: 2 }).seen).toBe(2);
    expect(select(five, plain).seen).toBe(5);
  });
});

describe("a sample", () => {
  const list = Array.from({ length: 10 }, (_, i) => `${i} ${1 - i / 10}`).join(", ");
  const sample = (seed: number) => {
    const options: SelectionOptions = { ...plain, sampling: "random", rangeMin: 2, rangeMax: 8 };
    return select(list, options, { seed }).negatives;
  };

  it("is the same for the same seed, and another for another", () => {
    expect(sample(3)).toBe(sample(3));
    expect(new Set(Array.from({ length: 20 }, (_, seed) => sample(seed))).size).toBeGreaterThan(5);
  });

  it("holds each of the range as often as any other, best first", () => {
    const counts = new Map<string, number>();
    for (let seed = 0; seed < 2000; seed++) {
      const taken = sample(seed).split(" ");
      expect(taken).toEqual([...new Set(taken)].sort());
      for (const text of taken) counts.set(text, (counts.get(text) ?? 0) + 1);
    }
    expect([...counts.keys()].sort()).toEqual(["2", "3", "4", "5", "6", "7"]);
    // Half of 2,000 each; the standard deviation is 22.
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(110);
  });

  it("takes all there are where there are too few", () => {
    expect(select("a 0.4, b 0.3", { ...plain, sampling: "random" }).negatives).toBe("a b");
  });
});

describe("options", () => {
  it("rangeMax is by default ten times the negatives past rangeMin", () => {
    expect(withDefaults({ negatives: 4, rangeMin: 5 })).toMatchObject({
      rangeMax: 45,
      minNegatives: 4,
      relativeMargin: 0.05,
      sampling: "top",
    });
  });

  it.each<[string, SelectionOptions, string]>([
    ["no negatives", { negatives: 0 }, "negatives makes no sense (got 0"],
    ["half a negative", { negatives: 1.5 }, "negatives makes no sense (got 1.5"],
    [
      "a range that ends before it begins",
      { rangeMin: 9, rangeMax: 5 },
      "rangeMax makes no sense (got 5, wanted at least 12",
    ],
    [
      "a range without room",
      { negatives: 4, rangeMax: 3 },
      "rangeMax makes no sense (got 3, wanted at least 4",
    ],
    ["a rank below 0", { rangeMin: -1 }, "rangeMin makes no sense"],
    [
      "more wanted than taken",
      { negatives: 2, minNegatives: 3 },
      "minNegatives makes no sense (got 3, wanted from 0 to 2",
    ],
    [
      "scores the wrong way round",
      { minScore: 0.5, maxScore: 0.5 },
      "maxScore makes no sense (got 0.5, wanted above minScore, 0.5",
    ],
    ["a score that is none", { maxScore: Number.NaN }, "maxScore makes no sense (got NaN"],
    ["a margin below 0", { absoluteMargin: -0.1 }, "absoluteMargin makes no sense"],
    ["a relative margin below 0", { relativeMargin: -1 }, "relativeMargin makes no sense"],
    ["an unknown sampling", { sampling: "best" as "top" }, "wanted top or random"],
  ])("%s is refused", (_, options, message) => {
    expect(() => withDefaults(options)).toThrow(NearfoldError);
    expect(() => withDefaults(options)).toThrow(message);
  });
});
