import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { choose, type Measured, nearest } from "./choose.ts";
import { enumerateCandidates } from "./enumerate.ts";
import { dominates, paretoFront, step } from "./front.ts";
import { missesOf, type Requirements } from "./requirements.ts";

const { candidates } = enumerateCandidates(
  { layers: 6, dims: [384], isStatic: false },
  { arch: "x64", vnni: true },
);

const plain = {
  kept: 0.98,
  queryP50Ms: 1,
  queryP95Ms: 1.5,
  memoryMb: 80,
  bytesPerVector: 128,
  documentsPerSecond: 100,
  searchMs: 1,
};
const one = (name: string, figures: Partial<typeof plain> = {}): Measured & { name: string } => ({
  ...plain,
  ...figures,
  name,
  candidate: candidates[0],
});
const never = { tied: () => false };
const always = { tied: () => true };

test.each([
  ["the better", { kept: 0.99 }, {}, true],
  ["the equal", {}, {}, false],
  ["the worse", { kept: 0.97 }, {}, false],
  ["better in one, worse in another", { kept: 0.99, memoryMb: 81 }, {}, false],
  ["faster by a clock's noise", { searchMs: 0.95 }, {}, false],
  ["faster", { searchMs: 0.5 }, {}, true],
  ["more documents", { documentsPerSecond: 101 }, {}, true],
])("%s: dominates", (_, a, b, expected) => {
  expect(dominates(one("a", a), one("b", b))).toBe(expected);
});

test.each([
  [1, 0.1, 0],
  [1.1, 0.1, 1],
  [0.5, 0.1, -7],
])("%s stands on rung %s", (value, grain, rung) => {
  expect(step(value, grain)).toBe(rung);
});

describe("the choice", () => {
  const limits: Requirements = { queryP95Ms: 2, bytesPerVector: 128, keepQuality: 0.97 };

  test.each([
    [
      "the best that meets all",
      [one("slow", { kept: 1, queryP95Ms: 3 }), one("good")],
      never,
      "good",
    ],
    ["more quality", [one("good"), one("better", { kept: 0.99, memoryMb: 90 })], never, "better"],
    [
      "of equals the fastest",
      [one("better", { kept: 0.99 }), one("fast", { queryP50Ms: 0.5, queryP95Ms: 0.7 })],
      always,
      "fast",
    ],
    [
      "of equals that are as fast the smallest",
      [one("better", { kept: 0.99 }), one("small", { bytesPerVector: 48, queryP50Ms: 1.02 })],
      always,
      "small",
    ],
    [
      "of equals no more than one that meets",
      [one("good"), one("tiny", { kept: 0.9, bytesPerVector: 4 })],
      always,
      "good",
    ],
  ] as const)("%s", (_, measured, choosing, name) => {
    expect(choose(measured, limits, choosing).chosen?.name).toBe(name);
  });

  test.each([
    ["a requirement", one("x", { queryP95Ms: 3.456 }), "3.46 ms where at most 2 ms is allowed"],
    ["another", one("x", { kept: 0.97, memoryMb: 90 }), "no better in anything than"],
    [
      "less quality by more than chance",
      one("x", { kept: 0.975, bytesPerVector: 4 }),
      "keeps 0.975 of the quality, less by more than chance",
    ],
  ])("who lost by %s is told so", (_, loser, why) => {
    const { lost } = choose([one("good"), loser], limits, never);
    expect(lost).toEqual([{ of: loser, why: expect.stringContaining(why) }]);
  });

  test.each([
    ["slower", one("x", { queryP50Ms: 2, kept: 0.99 }), "slower: 2.00 ms against 1.00 ms"],
    ["larger", one("x", { bytesPerVector: 128, kept: 0.99 }), "larger: 128 bytes against 64"],
  ])("an equal that is %s is told so", (_, loser, why) => {
    const { lost, chosen } = choose([one("good", { bytesPerVector: 64 }), loser], limits, always);
    expect(chosen?.name).toBe("good");
    expect(lost[0].why).toContain(why);
  });
});

const figures = fc.record({
  kept: fc.double({ min: 0.5, max: 1.1, noNaN: true }),
  queryP50Ms: fc.double({ min: 0.1, max: 10, noNaN: true }),
  queryP95Ms: fc.constantFrom(1, 2, 3),
  memoryMb: fc.constantFrom(20, 80, 120),
  bytesPerVector: fc.constantFrom(48, 128, 384),
  documentsPerSecond: fc.constantFrom(10, 100),
  searchMs: fc.double({ min: 0.1, max: 10, noNaN: true }),
});
const required = fc.record(
  {
    keepQuality: fc.double({ min: 0.5, max: 1, noNaN: true }),
    queryP95Ms: fc.constantFrom(1, 2),
    ramMb: fc.constantFrom(50, 100),
    bytesPerVector: fc.constantFrom(48, 128),
    documentsPerSecond: fc.constantFrom(50),
  },
  { requiredKeys: [] },
);

test("no member of the front is dominated, and all others are, by a member", () => {
  fc.assert(
    fc.property(fc.array(figures, { minLength: 1, maxLength: 12 }), (all) => {
      const measured = all.map((each, i) => one(`${i}`, each));
      const front = paretoFront(measured);
      expect(front.length).toBeGreaterThan(0);
      for (const member of front) {
        expect(measured.some((other) => dominates(other, member))).toBe(false);
      }
      for (const other of measured.filter((each) => !front.includes(each))) {
        expect(front.some((member) => dominates(member, other))).toBe(true);
      }
    }),
  );
});

test("the choice is on the front and meets everything; there is none only where nothing does", () => {
  fc.assert(
    fc.property(
      fc.array(figures, { minLength: 1, maxLength: 12 }),
      required,
      fc.boolean(),
      (all, requirements, tied) => {
        const measured = all.map((each, i) => one(`${i}`, each));
        const { chosen, front, lost } = choose(measured, requirements, { tied: () => tied });
        const meeting = measured.filter((each) => missesOf(each, requirements).length === 0);
        expect(chosen !== undefined).toBe(meeting.length > 0);
        expect(lost).toHaveLength(measured.length - (chosen ? 1 : 0));
        if (!chosen) return;
        expect(front).toContain(chosen);
        expect(meeting).toContain(chosen);
        if (!tied) expect(chosen.kept).toBe(Math.max(...meeting.map(({ kept }) => kept)));
      },
    ),
  );
});

describe("the nearest", () => {
  const near = (name: string, isMeasured: boolean, figures: Partial<Measured>) => ({
    name,
    isMeasured,
    figures,
  });

  test("half as fast misses by as much as twice as large; what was measured comes first", () => {
    const all = [
      near("pruned", false, { bytesPerVector: 130 }),
      near("far", true, { ...plain, queryP95Ms: 8 }),
      near("both", true, { ...plain, queryP95Ms: 4, bytesPerVector: 256 }),
      near("slow", true, { ...plain, queryP95Ms: 3 }),
    ];
    const found = nearest(all, { queryP95Ms: 2, bytesPerVector: 128 }, 4);
    expect(found.map(({ of }) => of.name)).toEqual(["slow", "far", "both", "pruned"]);
    expect(found[0].misses).toEqual([
      { limit: "queryP95Ms", got: 3, wanted: 2, by: Math.log(1.5) },
    ]);
    expect(found[1].misses[0].by).toBeCloseTo(found[2].misses.reduce((sum, { by }) => sum + by, 0));
  });
});
