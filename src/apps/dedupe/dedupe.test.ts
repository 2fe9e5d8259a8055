import { describe, expect, it } from "vitest";
import { dedupe } from "./dedupe.ts";
import type { DedupeOptions, DedupeRow } from "./options.ts";

const rowsOf = (texts: readonly string[]): DedupeRow[] =>
  texts.map((text, i) => ({ id: `r${i}`, text }));

async function groupsOf(rows: readonly DedupeRow[], options: DedupeOptions = {}) {
  await using done = await dedupe(rows, { threads: 1, ...options });
  const groups = [...done.groups()];
  return {
    groups: groups.map(({ kept, dropped }) => [kept.id, ...dropped.map(({ id }) => id)]),
    stages: groups.flatMap(({ dropped }) => dropped.map(({ stage }) => stage)),
    scores: groups.flatMap(({ dropped }) => dropped.map(({ score }) => score)),
    counts: done.count(),
    kept: (await Array.fromAsync(done.keptLines())).map((line) => JSON.parse(line)),
  };
}

const walk = "A brown dog walks along the beach with its owner";

describe("what is a duplicate", () => {
  it.each<[string, readonly string[], readonly (readonly string[])[], DedupeOptions?]>([
    ["case and white space are none of a text", ["One  two", "one two ", "three"], [["r0", "r1"]]],
    ["unless it is asked for", ["One", "one"], [], { normalize: ["space"], near: false }],
    ["compatibility forms", ["ﬁle it", "file it"], [["r1", "r0"]].map((g) => g.toSorted())],
    [
      "marks, where they are left out",
      ["a: b!", "a b"],
      [["r0", "r1"]],
      { normalize: ["punctuation", "space"], near: false },
    ],
    ["marks alone stay apart", ["?!", "..."], [], { normalize: ["punctuation", "space"] }],
    ["a slip of the pen", [walk, walk.replace("beach", "baech")], [["r0", "r1"]]],
    ["a word less", [walk, walk.replace("brown ", "")], [["r0", "r1"]]],
    ["another sentence", [walk, "Two cats sleep on a warm sofa in the sun"], []],
    [
      "another number",
      [
        "Room 12 is free from May on, with breakfast",
        "Room 13 is free from May on, with breakfast",
      ],
      [],
    ],
    ["another number in letters", [`${walk} for two hours`, `${walk} for three hours`], []],
    ["a number as a word", [`${walk} for two hours`, `${walk} for 2 hours`], [["r0", "r1"]]],
    [
      "another number, where nobody asks",
      [
        "Room 12 is free from May on, with breakfast",
        "Room 13 is free from May on, with breakfast",
      ],
      [["r0", "r1"]],
      { facts: false },
    ],
    [
      "another name",
      ["The dog of Maria walks along the beach", "The dog of Peter walks along the beach"],
      [],
    ],
    [
      "another name, written small",
      [
        "The dog of Maria walks along the beach",
        "the dog of peter walks along the beach",
        "I saw Peter and his dog at the market",
        "We met Maria and her dog at the market",
      ],
      [],
    ],
    ["empty texts are equal", ["", " ", "x"], [["r0", "r1"]].map((g) => g.toReversed())],
  ])("%s", async (_, texts, groups, options) => {
    const sorted = (all: readonly (readonly string[])[]) => all.map((group) => group.toSorted());
    expect(sorted((await groupsOf(rowsOf(texts), options)).groups)).toEqual(sorted(groups));
  });
});
