import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { measurements } from "./registry.ts";

const files = readdirSync(join(import.meta.dirname, "measurements"));

test("each file of measurements/ is in the registry under its own name", () => {
  expect(
    Object.keys(measurements)
      .map((name) => `${name}.ts`)
      .sort(),
  ).toEqual(files.sort());
});

describe.each(Object.entries(measurements))("%s", (_, { about, unit, targets }) => {
  test("says what it does, in what unit, and what is aimed at", () => {
    expect(about).toMatch(/^\S.{20,}\S$/u);
    expect(unit).not.toBe("");
    expect(targets.length).toBeGreaterThan(0);
    expect(targets.every((target) => target > 0)).toBe(true);
  });
});
