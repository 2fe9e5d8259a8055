import { expect, test } from "vitest";
import {
  formatCount,
  formatLoss,
  formatMegabytes,
  formatP,
  formatRank,
  formatRatio,
  formatScore,
  formatSeconds,
  formatShare,
  formatWhen,
  shorten,
} from "./format.ts";

test.each([
  ["score", formatScore, 0.56249, "0.562"],
  ["score", formatScore, Number.NaN, "–"],
  ["count", formatCount, 1234567, "1,234,567"],
  ["loss", formatLoss, 1.8449, "1.84"],
  ["loss", formatLoss, 12, "12"],
  ["loss", formatLoss, 0, "0"],
  ["loss", formatLoss, 0.00012345, "1.23e-4"],
  ["loss", formatLoss, 98765, "98,765"],
  ["loss", formatLoss, Number.POSITIVE_INFINITY, "–"],
  ["ratio", formatRatio, 2.12, "2.1 times"],
  ["ratio", formatRatio, 31.4, "31 times"],
  ["share", formatShare, 0.926, "93 %"],
  ["p", formatP, 0.0001, "p < 0.001"],
  ["p", formatP, 0.0126, "p = 0.013"],
  ["seconds", formatSeconds, 0, "0.0 s"],
  ["seconds", formatSeconds, 26.44, "26.4 s"],
  ["seconds", formatSeconds, 59.94, "59.9 s"],
  ["seconds", formatSeconds, 59.96, "1 min 0 s"],
  ["seconds", formatSeconds, 131.6, "2 min 12 s"],
  ["seconds", formatSeconds, 3599.7, "1 h 0 min"],
  ["seconds", formatSeconds, 3900, "1 h 5 min"],
  ["megabytes", formatMegabytes, 811.6, "812 MB"],
  ["megabytes", formatMegabytes, 1023.9, "1.0 GB"],
  ["megabytes", formatMegabytes, 1638.4, "1.6 GB"],
  ["rank", formatRank, 1, "1st"],
  ["rank", formatRank, 2, "2nd"],
  ["rank", formatRank, 3, "3rd"],
  ["rank", formatRank, 11, "11th"],
  ["rank", formatRank, 122, "122nd"],
])("$0 of $2 is $3", (_, format, value, text) => {
  expect(format(value).replace(/[\u202f\u00a0]/gu, " ")).toBe(text);
});

test("a date in UTC, wherever it is rendered", () => {
  expect(formatWhen(new Date("2026-11-23T23:59:59Z"))).toBe("23 November 2026, 23:59 UTC");
  expect(formatWhen(new Date(Number.NaN))).toBe("–");
});

test("a shortened text never ends in half a character", () => {
  expect(shorten("abc", 3)).toBe("abc");
  expect(shorten("ab cd", 3)).toBe("ab…");
  expect(shorten("a😀b", 2).isWellFormed()).toBe(true);
});
