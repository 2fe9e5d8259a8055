import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../../test/temporary.ts";
import { NearfoldError } from "../errors.ts";
import {
  type Checkpoint,
  parseCheckpoint,
  readCheckpoint,
  requireSameRun,
  writeCheckpoint,
} from "./checkpoint.ts";

const checkpoint: Checkpoint = {
  run: { input: "a.jsonl, 7 bytes", space: "sha256:00", dims: 32 },
  counts: { read: 10, texts: 8, errors: 2, truncated: 1, tokens: 99 },
  errorBytes: 120,
  sink: { "vectors.npy": 1152, manifest: "{}" },
  finished: false,
};
const json = JSON.stringify({ format: "nearfold-embed", version: 1, ...checkpoint });

it("comes back as it was written", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "checkpoint.json");
  expect(await readCheckpoint(path)).toBeUndefined();
  await writeCheckpoint(path, checkpoint);
  expect(await readCheckpoint(path)).toEqual(checkpoint);
});

describe("refuses", () => {
  it.each<[string, object, string]>([
    ["another file", { format: "x" }, 'got format "x", wanted format "nearfold-embed"'],
    ["another version", { version: 2 }, "another version began this run (got 2, wanted 1)"],
    ["counts that are none", { counts: { read: -1 } }, "got read -1, wanted a whole number"],
    ["no counts", { counts: null }, "got counts null, wanted an object"],
    ["a state that is none", { sink: { a: [] } }, "got sink.a [], wanted a text or a number"],
    ["no end", { finished: 1 }, "got finished 1, wanted true or false"],
  ])("%s", (_, change, message) => {
    const changed = JSON.stringify({ ...JSON.parse(json), ...change });
    expect(() => parseCheckpoint(changed, "c")).toThrow(message);
  });

  it("any other bytes with an error of ours", () => {
    fc.assert(
      fc.property(fc.nat(json.length), fc.nat(6), fc.string({ maxLength: 6 }), (at, drop, put) => {
        const changed = json.slice(0, at) + put + json.slice(at + drop);
        try {
          const { counts, errorBytes } = parseCheckpoint(changed, "c");
          for (const n of [...Object.values(counts), errorBytes]) {
            expect(Number.isSafeInteger(n) && n >= 0).toBe(true);
          }
        } catch (error) {
          expect(error).toBeInstanceOf(NearfoldError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

it.each<[string, Checkpoint["run"], string | undefined]>([
  ["the same", { ...checkpoint.run }, undefined],
  ["another width", { ...checkpoint.run, dims: 16 }, "its dims differs (got 16, wanted 32)"],
  [
    "a field named",
    { ...checkpoint.run, "text field": "body" },
    "its text field differs (got body, wanted none)",
  ],
])("of a run and %s", (_, asked, message) => {
  const compare = () => requireSameRun(checkpoint.run, asked, "v.partial");
  if (message === undefined) compare();
  else expect(compare).toThrow(message);
});
