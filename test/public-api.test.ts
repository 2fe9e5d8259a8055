import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";

interface Manifest {
  readonly exports: Readonly<Record<string, string | { readonly default: string }>>;
}

const root = new URL("../", import.meta.url);
const { exports: subpaths } = JSON.parse(
  await readFile(new URL("package.json", root), "utf8"),
) as Manifest;

const sources = Object.entries(subpaths).flatMap(([subpath, target]) =>
  typeof target === "string"
    ? []
    : [[subpath, target.default.replace("./dist/", "src/").replace(/\.js$/, ".ts")] as const],
);

test.each(sources)("%s exports these names and no others", async (_, source) => {
  const module = (await import(new URL(source, root).href)) as object;
  expect(Object.keys(module).sort()).toMatchSnapshot();
});
