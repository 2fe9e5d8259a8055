/** Every page of docs/, followed as it is written. */
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { commands } from "../../src/cli/commands.ts";
import { tryPage } from "./try-page.ts";

const root = join(import.meta.dirname, "../..");
const pages = (await readdir(join(root, "docs")))
  .filter((name) => name.endsWith(".md"))
  .map((name) => `docs/${name}`);
const papers = [...pages, "README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"];
const read = (name: string) => readFile(join(root, name), "utf8");

const PAGE_MS = 180_000;

test.each(pages)(
  "%s: what it says to type does what it says",
  { timeout: PAGE_MS },
  async (name) => {
    await tryPage(await read(name), name);
  },
);

const known = new Set(
  Object.values(commands)
    .flatMap(({ options = [] }) => options.map(({ long }) => long))
    .concat("--json", "--help", "--debug"),
);

test.each([...pages, "README.md"])("%s names no option that no command has", async (name) => {
  const named = (await read(name)).match(/(?<![\w-])--[a-z][\w-]*/g) ?? [];
  expect(named.filter((option) => !known.has(option))).toEqual([]);
});

test.each(papers)("%s links to what is there", async (name) => {
  const links = [...(await read(name)).matchAll(/\]\((?<to>[^)#\s]+)/g)].map(
    ({ groups }) => groups!.to,
  );
  const files = links.filter((to) => !/^\w+:/.test(to));
  expect(files.filter((to) => !existsSync(join(root, dirname(name), to)))).toEqual([]);
});
