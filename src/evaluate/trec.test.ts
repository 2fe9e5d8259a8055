import { readFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../../test/temporary.ts";
import { NearfoldError } from "../errors.ts";
import { readTrecRun, writeTrecRun } from "./trec.ts";

describe("TREC runs", () => {
  const run = new Map([
    [
      "q1",
      [
        { id: "d2", score: 0.75 },
        { id: "d10", score: 1e-9 },
      ],
    ],
    ["q2", [{ id: "d9", score: -1 }]],
  ]);

  it("are written as trec_eval reads them, and read back", async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, "a.run");
    await writeTrecRun(path, run, { tag: "ours" });
    expect(await readFile(path, "utf8")).toBe(
      "q1 Q0 d2 1 0.75 ours\nq1 Q0 d10 2 1e-9 ours\nq2 Q0 d9 1 -1 ours\n",
    );
    expect(await readTrecRun(path)).toEqual(run);
  });

  it("are ordered by score, equal scores by id descending unless told otherwise", async () => {
    await using folder = await temporaryFolder();
    const path = await folder.write("a.run", "q Q0 a 1 1 t\nq\tQ0  b 2 1 t\r\nq Q0 c 9 2 t\n");
    const order = async (options = {}) =>
      (await readTrecRun(path, options))
        .get("q")!
        .map(({ id }) => id)
        .join("");
    expect(await order()).toBe("cba");
    expect(await order({ ties: "ascending" })).toBe("cab");
  });

  it.each<[string, string, RegExp]>([
    ["five fields", "q Q0 d 1 0.5\n", /a.run:1: not a hit of a run \(got "q Q0 d 1 0.5"/],
    ["a score that is no number", "q Q0 d 1 high t\n", /a.run:1: not a hit/],
    ["a document twice", "q Q0 d 1 2 t\nq Q0 d 2 1 t\n", /a.run:2: not a hit.*wanted one line/],
  ])("with %s are refused", async (_, content, message) => {
    await using folder = await temporaryFolder();
    await expect(readTrecRun(await folder.write("a.run", content))).rejects.toThrow(message);
  });

  it("cannot hold an id with white space, and leave no file then", async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, "a.run");
    const bad = new Map([["q", [{ id: "d 1", score: 1 }]]]);
    await expect(writeTrecRun(path, bad)).rejects.toThrow(/cannot hold this id/);
    await expect(readTrecRun(path)).rejects.toMatchObject({ code: "not-found" });
  });

  it("of any text are read or refused by an error of ours", async () => {
    await using folder = await temporaryFolder();
    const word = fc.oneof(fc.constantFrom("q", "Q0", "1", "0.5", "NaN", "1e999"), fc.string());
    const text = fc
      .array(fc.array(word, { maxLength: 7 }))
      .map((rows) => rows.map((row) => row.join(" ")).join("\n"));
    await fc.assert(
      fc.asyncProperty(text, async (content) => {
        const path = await folder.write("fuzz.run", content);
        const read = await readTrecRun(path).catch((error) => {
          if (!(error instanceof NearfoldError)) throw error;
          return new Map<string, []>();
        });
        for (const ranking of read.values()) {
          for (const { score } of ranking) expect(Number.isFinite(score)).toBe(true);
        }
      }),
      { numRuns: 200 },
    );
  });
});
