import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "../../test/temporary.ts";
import { readJsonObject, toJson } from "./json-file.ts";

async function read(text: string) {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "config.json");
  await writeFile(path, text);
  return (await readJsonObject(path))!;
}

const compact = (value: unknown) => toJson(value).replace(/\s/g, "");

test.each([
  ["floats", '{"a":1.0,"b":0.0,"c":-2.0,"d":0.5}', '{"a":1.0,"b":0.0,"c":-2.0,"d":0.5}'],
  ["integers", '{"a":1,"b":0,"c":1000000}', '{"a":1,"b":0,"c":1000000}'],
  ["exponents", '{"a":1e5,"b":1e-12,"c":1e300}', '{"a":100000.0,"b":1e-12,"c":1e+300}'],
  ["what lies within", '{"a":{"b":1.0},"c":[1.0,2]}', '{"a":{"b":1.0},"c":[1.0,2]}'],
  ["texts that look like one", '{"a":"1.0"}', '{"a":"1.0"}'],
  ["a key like any other", '{"__proto__":1.0}', '{"__proto__":1.0}'],
])("%s are written as they were read", async (_, text, wanted) => {
  expect(compact(await read(text))).toBe(wanted);
});

test("a copy with other fields keeps its floats, in the values it has now", async () => {
  const json = await read('{"a":1.0,"b":2.0,"c":3}');
  expect(compact({ ...json, b: 4, c: 5, d: 6 })).toBe('{"a":1.0,"b":4.0,"c":5,"d":6}');
  expect(compact({ ...json, a: "1", b: 0.25 })).toBe('{"a":"1","b":0.25,"c":3}');
});

test("many floats are read in time that grows with their number", async () => {
  const text = JSON.stringify(
    Object.fromEntries(Array.from({ length: 5e4 }, (_, i) => [`k${i}`, i])),
  );
  expect(compact(await read(text.replaceAll(/:(\d+)/g, ":$1.0")))).toHaveLength(text.length + 1e5);
});
