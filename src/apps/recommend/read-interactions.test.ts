import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { temporaryFolder } from "../../../test/temporary.ts";
import { NearfoldError } from "../../errors.ts";
import { type InteractionOptions, readInteractions } from "./read-interactions.ts";

async function read(name: string, content: string | Uint8Array, options?: InteractionOptions) {
  await using folder = await temporaryFolder();
  return await Array.fromAsync(readInteractions(await folder.write(name, content), options));
}

test.each<[string, string, string, InteractionOptions, object[]]>([
  [
    "JSON lines",
    "a.jsonl",
    '{"user": 1, "item": "x", "time": 5}\n{"user": "u", "item": 2}',
    {},
    [
      { user: "1", item: "x", time: 5 },
      { user: "u", item: "2" },
    ],
  ],
  [
    "a table",
    "a.csv",
    "userId,itemId,timestamp\n1,x,5\n2,y,6",
    {},
    [
      { user: "1", item: "x", time: 5 },
      { user: "2", item: "y", time: 6 },
    ],
  ],
  [
    "cells with quotes",
    "a.csv",
    'user,item\n"a ""b""","x,y"\nc,',
    { onBad: () => {} },
    [{ user: 'a "b"', item: "x,y" }],
  ],
  ["tabs", "a.tsv", 'user\titem\na\t"x', {}, [{ user: "a", item: '"x' }]],
  [
    "other names",
    "a.csv",
    "who,movieId\na,7",
    { fields: { user: "who", item: "movieId" } },
    [{ user: "a", item: "7" }],
  ],
  [
    "ratings from which a row counts",
    "a.csv",
    "user,item,rating\na,x,3.5\na,y,4",
    { leastRating: 4 },
    [{ user: "a", item: "y" }],
  ],
  [
    "dates",
    "a.csv",
    "user,item,time\na,x,2020-01-02",
    {},
    [{ user: "a", item: "x", time: Date.UTC(2020, 0, 2) }],
  ],
])("reads %s", async (_, name, content, options, wanted) => {
  expect(await read(name, content, options)).toEqual(wanted);
});

test.each<[string, string, string, InteractionOptions, string]>([
  [
    "a time that is none",
    "a.csv",
    "user,item,time\na,x,84 https://x",
    {},
    '"time" is not a number',
  ],
  [
    "a rating that is none",
    "a.csv",
    "user,item,rating\na,x,",
    { leastRating: 1 },
    '"rating" is not a number',
  ],
  ["no user", "a.csv", "who,item\na,x", {}, "no field for the user"],
  ["too few cells", "a.csv", "user,item\na", {}, "another number of columns"],
  ["another kind of file", "a.xml", "", {}, "not a kind of file"],
  ["nothing", "a.csv", "user,item\n", {}, "the file is empty"],
])("refuses %s", async (_, name, content, options, wanted) => {
  await expect(read(name, content, options)).rejects.toThrow(wanted);
});

describe("any bytes", () => {
  const valid = 'user,item,time,rating\na,x,5,4\n"b","y",6,5\n';
  it("end in rows or in an error of the input's", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom("a.csv", "a.tsv", "a.jsonl"),
        fc.nat({ max: valid.length }),
        fc.uint8Array({ maxLength: 8 }),
        async (name, at, bytes) => {
          const content = Buffer.concat([
            Buffer.from(valid.slice(0, at)),
            bytes,
            Buffer.from(valid.slice(at)),
          ]);
          try {
            for (const { user, item } of await read(name, content, { leastRating: 4 })) {
              expect(user).not.toBe("");
              expect(item).not.toBe("");
            }
          } catch (error) {
            expect(error).toBeInstanceOf(NearfoldError);
            expect((error as NearfoldError).code).not.toBe("bug");
          }
        },
      ),
      { numRuns: 200 },
    );
  });
});
