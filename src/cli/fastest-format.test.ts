import { expect, test } from "vitest";
import { fastestFormat } from "./fastest-format.ts";
import type { Machine } from "./machine.ts";

test.each<[string, Machine["instructionSets"], string, RegExp]>([
  ["x86 with VNNI", { avx2: true, avx512: true, vnni: true }, "int8", /has VNNI/],
  ["x86 without", { avx2: true, avx512: true, vnni: false }, "int7", /no VNNI/],
  ["ARM with the dot product", { dotprod: true, i8mm: false }, "int8", /the dot product/],
  ["ARM without", { dotprod: false }, "int7", /saturate/],
  ["a system that says nothing", undefined, "int7", /does not say/],
])("%s", (_, instructionSets, name, why) => {
  const found = fastestFormat({ instructionSets });
  expect(found).toEqual({ name, why: expect.stringMatching(why) });
});
