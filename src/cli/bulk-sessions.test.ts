import { expect, it } from "vitest";
import { chooseWorkers } from "./bulk-sessions.ts";

const large = { weightBytes: 90e6, inputBytes: 1e9 };
const machine = (allowed: number, totalMb: number, more = {}) => ({
  cores: { total: 64, allowed, ...more },
  memory: { totalMb, freeMb: 0 },
});

it.each<[string, number, Parameters<typeof chooseWorkers>]>([
  ["one for each core", 8, [machine(8, 32_000), large]],
  [
    "of a container's share of the cores, whole ones",
    2,
    [machine(8, 32_000, { quota: 2.5 }), large],
  ],
  ["none on one core", 0, [machine(1, 32_000), large]],
  ["none for few texts", 0, [machine(8, 32_000), { ...large, inputBytes: 99_999 }]],
  [
    "for a stream without end",
    8,
    [machine(8, 32_000), { ...large, inputBytes: Number.POSITIVE_INFINITY }],
  ],
  [
    "as many copies of the weights as fit in a quarter of the memory",
    4,
    [machine(16, 32_000), { ...large, weightBytes: 2e9 }],
  ],
  ["none where two do not fit", 0, [machine(16, 8_000), { ...large, weightBytes: 1.5e9 }]],
  [
    "in a container's memory",
    2,
    [{ ...machine(16, 64_000), memory: { totalMb: 64_000, freeMb: 0, limitMb: 1_000 } }, large],
  ],
])("%s: %i", (_, workers, [on, work]) => {
  expect(chooseWorkers(on, work)).toBe(workers);
});
