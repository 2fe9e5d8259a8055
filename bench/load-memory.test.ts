import { expect, test } from "vitest";
import { miniLm, miniLmIsThere, whereMiniLm } from "../test/minilm.ts";
import { memoryOf } from "./load-memory.ts";

// It is 1.0 and 1.0; a second copy of the weights in memory would be one more.
const name = "an open encoder holds its weights once, and no second copy while it is opened";
test.skipIf(!miniLmIsThere)(whereMiniLm(name), async () => {
  const { weightsMb, resident, peak } = await memoryOf(miniLm);
  expect(weightsMb).toBeCloseTo(90.26, 1);
  expect(resident).toBeGreaterThan(0.3);
  expect(resident).toBeLessThan(1.6);
  expect(peak).toBeLessThan(1.8);
});
