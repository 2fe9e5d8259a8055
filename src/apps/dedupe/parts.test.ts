import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { UnionFind } from "../union-find.ts";
import { chanceOfCandidate, chooseBands } from "./bands.ts";
import { calibrateThreshold, nearScores } from "./calibrate.ts";
import { DigestTable } from "./digest-table.ts";
import { splitSet } from "./groups.ts";
import { inOrder, type KeepName, parseRank } from "./keep.ts";
import { sortByKey } from "./near.ts";
import { PackedLists } from "./packed-lists.ts";
import { jaccard, shinglesOf, sketcher } from "./sketch.ts";

describe("bands", () => {
  it.each<[number, number, number]>([
    [0.5, 42, 3],
    [0.55, 32, 4],
    [0.8, 18, 7],
    [1, 1, 128],
  ])("of a threshold of %d: %i of %i minimums", (threshold, bands, rows) => {
    expect(chooseBands(threshold)).toEqual({ bands, rows });
    expect(chanceOfCandidate(threshold, { bands, rows })).toBeGreaterThanOrEqual(0.95);
  });
  it("are refused where none find it", () => {
    expect(() => chooseBands(0.01)).toThrow(
      "the threshold is too low for so few permutations (got 0.01 with 128, wanted at least 0.023)",
    );
    expect(() => chooseBands(0)).toThrow("not what bands are chosen by");
  });
});

const settings = { bands: 32, rows: 4, unit: "characters", size: 4, kept: 512, seed: 1 } as const;

describe("sketches", () => {
  it("share bands as the S-curve says", () => {
    const word = (i: number) => `w${i.toString(36)}x`;
    const text = (from: number) => Array.from({ length: 60 }, (_, i) => word(from + i)).join(" ");
    const of = { ...settings, unit: "words", size: 1 } as const;
    const sketch = sketcher(of);
    // 40 of 80 words are shared.
    const shared = Array.from({ length: 200 }, (_, i) => {
      const [a, b] = [sketch(text(1000 * i)), sketch(text(1000 * i + 20))];
      expect(jaccard(a.shingles, b.shingles, 512)).toBe(0.5);
      return a.keys.filter((key, band) => key === b.keys[band]).length;
    });
    const mean = shared.reduce((a, b) => a + b) / shared.length / settings.bands;
    expect(mean).toBeGreaterThan(0.045);
    expect(mean).toBeLessThan(0.085);
  });

  it("estimate by the least hashes where a text has many", () => {
    const of = { ...settings, unit: "words", size: 1 } as const;
    const text = (from: number) => Array.from({ length: 6000 }, (_, i) => `w${from + i}`).join(" ");
    const [a, b] = [shinglesOf(text(0), of), shinglesOf(text(2000), of)];
    expect(jaccard(a, b, Number.POSITIVE_INFINITY)).toBe(0.5);
    expect(Math.abs(jaccard(a.slice(0, 512), b.slice(0, 512), 512) - 0.5)).toBeLessThan(0.07);
  });

  it("are the same for the same words, whatever the text", () => {
    const sketch = sketcher(settings);
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const [one, other] = [
          sketch(text),
          sketch(` ${text.toWellFormed()}. `.toUpperCase().toLowerCase()),
        ];
        expect(one.keys.length === 0).toBe(one.shingles.length === 0);
        expect(other.shingles.length >= 0).toBe(true);
        expect(jaccard(one.shingles, one.shingles, 512)).toBe(one.shingles.length > 0 ? 1 : 0);
        expect(one.shingles).toEqual(one.shingles.toSorted());
      }),
    );
  });
});

it("sets are joined once, and listed by their first member", () => {
  const sets = new UnionFind(7);
  expect([sets.union(5, 1), sets.union(1, 3), sets.union(5, 3), sets.union(0, 6)]).toEqual([
    true,
    true,
    false,
    true,
  ]);
  expect([...sets.sets()]).toEqual([
    [0, 6],
    [1, 3, 5],
  ]);
});

it("texts have one number each, by the thousand", () => {
  const table = new DigestTable();
  const numbers = Array.from({ length: 9000 }, (_, i) => table.numberOf(`text ${i % 6000}`));
  expect(table.count).toBe(6000);
  expect(numbers.slice(6000)).toEqual(numbers.slice(0, 3000));
});

it("lists are given back as they were", () => {
  const lists = new PackedLists();
  const made = Array.from({ length: 3000 }, (_, i) =>
    Uint32Array.from({ length: i % 7 }, (_, j) => i * j),
  );
  for (const list of made) lists.push(list);
  expect(lists.count).toBe(3000);
  expect(
    made.every(
      (list, i) =>
        Buffer.compare(Buffer.from(list.buffer), Buffer.from(lists.at(i).slice().buffer)) === 0,
    ),
  ).toBe(true);
});

it("rows are sorted by their keys, equal ones as they came", () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 0xffffffff }), { maxLength: 60 }), (list) => {
      const keys = Uint32Array.from(list.map((key) => (key % 3 === 0 ? 7 : key)));
      const rows = Uint32Array.from(keys.keys());
      const wanted = [...rows].sort((a, b) => keys[a] - keys[b] || a - b);
      expect([...sortByKey(rows, keys)]).toEqual(wanted);
    }),
  );
});

it("a chain falls into those that are like what is kept", () => {
  const near = (a: number, b: number) => Math.abs(a - b) <= 2;
  expect(splitSet([0, 1, 2, 3, 4, 5], near)).toEqual([
    [0, 1, 2],
    [3, 4, 5],
  ]);
  expect(splitSet([3, 1, 5, 0], near)).toEqual([[3, 1, 5], [0]]);
});

describe("which is kept", () => {
  const members = [
    { row: 0, length: 5, rank: Number.NaN },
    { row: 1, length: 9, rank: 3 },
    { row: 2, length: 9, rank: 8 },
  ];
  it.each<[KeepName, readonly number[]]>([
    ["longest", [1, 2, 0]],
    ["first", [0, 1, 2]],
    ["newest", [2, 1, 0]],
    ["highest", [2, 1, 0]],
  ])("%s: %j", (name, order) => {
    expect(inOrder(members, name).map(({ row }) => row)).toEqual(order);
  });
  it.each<[unknown, KeepName, number]>([
    [5, "highest", 5],
    ["5.5", "highest", 5.5],
    [null, "newest", Number.NaN],
    ["", "highest", Number.NaN],
    ["2026-01-02T00:00:00Z", "newest", Date.UTC(2026, 0, 2)],
    [new Date(7), "newest", 7],
  ])("%j is a value of %s", (value, name, rank) => {
    expect(parseRank(value, name, "here")).toBe(rank);
  });
  it.each<[unknown, KeepName]>([
    ["2026-01-02", "highest"],
    ["soon", "newest"],
    [{}, "highest"],
    [Number.POSITIVE_INFINITY, "highest"],
  ])("%j is none of %s", (value, name) => {
    expect(() => parseRank(value, name, "here")).toThrow(
      "here: the field that is compared is no such value",
    );
  });
});

describe("a threshold by judged pairs", () => {
  const many = (count: number, score: number) => Array<number>(count).fill(score);
  it.each<[string, number[], number[], number | undefined]>([
    [
      "is the lowest that keeps the precision",
      [...many(400, 0.9), ...many(400, 0.7)],
      many(50, 0.2),
      0.7,
    ],
    ["stops above what is not the same", many(400, 0.9), [...many(10, 0.8), 0.1], 0.9],
    ["bears a mistake or two among many", many(900, 0.9), [0.95, ...many(9, 0.1)], 0.9],
    ["is none where pairs are few", many(20, 0.9), [0.1], undefined],
    ["is none where mistakes score highest", many(100, 0.5), many(5, 0.9), undefined],
  ])("%s", (_, same, other, threshold) => {
    const judged = [...same.map(() => true), ...other.map(() => false)];
    const found = () => calibrateThreshold([...same, ...other], judged);
    if (threshold === undefined)
      expect(found).toThrow("no threshold keeps the precision on these pairs");
    else expect(found()).toMatchObject({ threshold, bound: expect.any(Number) });
  });
  it("needs pairs of both kinds", () => {
    expect(() => calibrateThreshold([1], [true])).toThrow("not pairs to calibrate by");
  });
  it("knows no score for pairs that state different numbers", () => {
    const pair = (a: string, b: string) => ({ texts: [a, b] as const, same: false });
    const scores = nearScores([
      pair("room 12 is free", "room 13 is free"),
      pair("room 12 is free", "Room 12 is free!"),
    ]);
    expect(scores).toEqual([Number.NaN, 1]);
  });
});
