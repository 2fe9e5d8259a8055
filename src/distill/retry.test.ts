import fc from "fast-check";
import { expect, test } from "vitest";
import { isPassing, TRIES, waitMs } from "./retry.ts";

test.each([
  [200, false],
  [400, false],
  [401, false],
  [404, false],
  [408, true],
  [413, false],
  [429, true],
  [500, true],
  [501, false],
  [503, true],
])("status %i passes by itself: %s", (status, passes) => {
  expect(isPassing(status)).toBe(passes);
});

const now = Date.parse("2026-01-01T00:00:00Z");

test.each([
  ["the first time, half a second", 1, null, 500],
  ["twice as long each time", 4, null, 4000],
  ["a minute at most", 30, null, 60_000],
  ["as long as is asked for", 1, "7", 7000],
  ["not at all, where that is asked for", 3, "0", 0],
  ["until a date", 1, "Thu, 01 Jan 2026 00:00:20 GMT", 20_000],
  ["a date that is past", 1, "Thu, 01 Jan 2015 00:00:00 GMT", 0],
  ["five minutes at most", 1, "86400", 300_000],
  ["what cannot be read is not there", 2, "soon", 1000],
])("%s", (_, failures, retryAfter, wanted) => {
  expect(waitMs(failures, retryAfter, now)).toBe(wanted);
});

test("whatever is asked for, the wait has bounds", () => {
  const any = fc.property(fc.integer({ min: 1, max: TRIES }), fc.string(), (failures, text) => {
    const found = waitMs(failures, text, now);
    expect(found).toBeGreaterThanOrEqual(0);
    expect(found).toBeLessThanOrEqual(300_000);
  });
  fc.assert(any);
});
