import { expect, test } from "vitest";
import { weightFormats } from "../nn/weight-formats.ts";
import { type Climber, nextToClimb } from "./ladder.ts";

const { "int4-block32": int4, int8 } = weightFormats;
const at = (weight: string, rung: number, cost: number, formats = [int4, int8]): Climber => ({
  ...{ weight, rung, cost, formats },
});

test.each<[string, Climber[], string | undefined]>([
  ["the costliest", [at("a", 0, 1), at("b", 0, 3), at("c", 0, 2)], "b"],
  ["of equals the first", [at("a", 0, 1), at("b", 0, 1)], "a"],
  ["whatever rung it stands on", [at("a", 0, 1), at("b", 1, 2)], "b"],
  ["none that is float already", [at("a", 2, 9), at("b", 1, 1), at("c", 0, 0)], "b"],
  ["the last code does not become float", [at("a", 2, 0), at("b", 1, 1)], undefined],
  ["but may get more bits", [at("a", 2, 0), at("b", 0, 1)], "b"],
  ["with one format, a float is next", [at("a", 0, 2, [int8]), at("b", 0, 1, [int8])], "a"],
  ["of none", [], undefined],
])("who gets more bits: %s", (_, all, weight) => {
  expect(nextToClimb(all)?.weight).toBe(weight);
});
