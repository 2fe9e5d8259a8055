import { expect, test } from "vitest";
import { type Backlog, expectedWaitMs, requireRoom } from "./admission.ts";
import type { Priority } from "./waiting.ts";

const policy = { maxWaitMs: { interactive: 1000, bulk: 10_000 }, bulkShare: 0.2 };

test.each<[Backlog, Priority, number]>([
  [{ interactive: 0, bulk: 0 }, "interactive", 0],
  [{ interactive: 400, bulk: 0 }, "interactive", 400],
  [{ interactive: 400, bulk: 50 }, "interactive", 450],
  [{ interactive: 400, bulk: 9000 }, "interactive", 500],
  [{ interactive: 0, bulk: 9000 }, "interactive", 0],
  [{ interactive: 0, bulk: 9000 }, "bulk", 9000],
  [{ interactive: 100, bulk: 900 }, "bulk", 1000],
  [{ interactive: 9000, bulk: 100 }, "bulk", 500],
])("with %j a wait of %s work is %d ms", (backlog, priority, ms) => {
  expect(expectedWaitMs(backlog, priority, policy)).toBeCloseTo(ms);
});

test("past the wait that is allowed, it says when to come again", () => {
  requireRoom({ interactive: 1000, bulk: 0 }, "interactive", policy);
  const ask = () => requireRoom({ interactive: 3000, bulk: 0 }, "interactive", policy);
  expect(ask).toThrow(/got 3000 ms of interactive work waiting, wanted at most 1000 ms.*in 3 s/);
  expect(ask).toThrow(expect.objectContaining({ code: "overloaded", httpStatus: 429 }));
});
