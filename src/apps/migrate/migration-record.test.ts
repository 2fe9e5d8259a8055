import fc from "fast-check";
import { expect, test } from "vitest";
import { temporaryFolder } from "../../../test/temporary.ts";
import { NearfoldError } from "../../errors.ts";
import {
  generationOf,
  parseMigration,
  readMigration,
  removeMigration,
  writeMigration,
} from "./migration-record.ts";

const record = {
  model: "new",
  space: `sha256:${"a".repeat(64)}`,
  dims: 4,
  target: "generations/a",
};

test("it is there until it is removed", async () => {
  await using folder = await temporaryFolder();
  expect(await readMigration(folder.path)).toBeUndefined();
  await writeMigration(folder.path, record);
  expect(await readMigration(folder.path)).toEqual(record);
  await removeMigration(folder.path);
  expect(await readMigration(folder.path)).toBeUndefined();
});

test("a model's vectors go to a place of their own, by space and dimensions", () => {
  const { space: id, dims } = record;
  expect(generationOf({ id, dims, similarity: "cosine" })).toBe(`generations/${"a".repeat(16)}-4`);
});

const good = { format: "nearfold-migration", formatVersion: 1, ...record };

test.each([
  ["another format", { ...good, format: "x" }, "not the record of a migration"],
  ["another version", { ...good, formatVersion: 2 }, "another version wrote this"],
  ["no target", { ...good, target: "" }, "model, space, dims and target"],
  ["no dims", { ...good, dims: "4" }, "model, space, dims and target"],
  ["no object", null, "not the record of a migration"],
])("%s is refused", (_, json, message) => {
  expect(() => parseMigration(JSON.stringify(json), "migration.json")).toThrow(message);
});

test("any text is a record or an error of ours", () => {
  const mutated = fc.tuple(fc.nat(200), fc.string({ maxLength: 2 })).map(([at, by]) => {
    const json = JSON.stringify(good);
    return json.slice(0, at) + by + json.slice(at + by.length);
  });
  fc.assert(
    fc.property(fc.oneof(mutated, fc.string(), fc.json()), (json) => {
      try {
        expect(parseMigration(json, "migration.json").target).not.toBe("");
      } catch (error) {
        expect(error).toBeInstanceOf(NearfoldError);
      }
    }),
  );
});
