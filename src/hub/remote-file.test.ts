import { symlink } from "node:fs/promises";
import { join, resolve, sep } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { temporaryFolder } from "../../test/temporary.ts";
import { NearfoldError } from "../errors.ts";
import { isWhole, parseRemoteFile } from "./remote-file.ts";

/** `printf 'hello\n' | git hash-object --stdin`, and `| sha256sum`. */
const blob = "git-blob:ce013625030ba8dba906f756967f9e9ca394464a";
const sha256 = "sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03";

test.each([
  ["git's blob", blob, "hello\n", true],
  ["git's blob of another content", blob, "jello\n", false],
  ["LFS's content", `${sha256}`, "hello\n", true],
  ["LFS's content, of another size", sha256, "hello", false],
])("%s: %s", async (_, hash, content, expected) => {
  await using folder = await temporaryFolder();
  const path = await folder.write("file", content);
  expect(await isWhole(path, { path: "file", size: 6, hash })).toBe(expected);
});

test("neither a link nor a folder nor nothing is a file", async () => {
  await using folder = await temporaryFolder();
  const path = await folder.write("file", "hello\n");
  await symlink(path, join(folder.path, "link"));
  const file = { path: "file", size: 6, hash: blob };
  for (const name of ["link", ".", "none"]) {
    expect(await isWhole(join(folder.path, name), file)).toBe(false);
  }
});

test.each([
  ["in git", { type: "file", path: "a/b.json", size: 6, oid: blob.slice(9) }, blob],
  [
    "in LFS",
    { path: "a/b.json", size: 6, oid: "0".repeat(40), lfs: { oid: sha256.slice(7), size: 6 } },
    sha256,
  ],
  ["of a manifest", { path: "a/b.json", size: 6, hash: sha256 }, sha256],
])("a file %s", (_, entry, hash) => {
  expect(parseRemoteFile(entry, "here")).toEqual({ path: "a/b.json", size: 6, hash });
});

test.each([
  "",
  "sha256:",
  blob.slice(9),
  `${sha256}0`,
  `sha256:${blob.slice(9)}`,
  `md5:${blob.slice(9)}`,
])("%j is no hash", (hash) => {
  expect(() => parseRemoteFile({ path: "a", size: 1, hash }, "here")).toThrow(
    "a is listed with an unknown hash",
  );
});

test("whatever is listed, a path stays in its folder or is refused", () => {
  const part = fc.oneof(fc.constantFrom("..", ".", "", "a", "C:", "\\", "\0"), fc.string());
  const path = fc.array(part, { maxLength: 5 }).map((parts) => parts.join("/"));
  const entry = fc.record({
    path: fc.oneof(path, fc.jsonValue()),
    size: fc.jsonValue(),
    oid: fc.jsonValue(),
  });
  const good = fc.record({ path, size: fc.nat(), oid: fc.constant("0".repeat(40)) });
  fc.assert(
    fc.property(fc.oneof(entry, good, fc.jsonValue()), (listed) => {
      try {
        const { path } = parseRemoteFile(listed, "here");
        expect(resolve("/folder", path).startsWith(`${resolve("/folder")}${sep}`)).toBe(true);
      } catch (error) {
        expect(error).toBeInstanceOf(NearfoldError);
      }
    }),
    { seed: 42, numRuns: 500 },
  );
});
