import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";

const read = (name: string) => readFile(new URL(`../${name}`, import.meta.url), "utf8");

test("ARCHITECTURE.md's picture has the layers that dependency-cruiser checks, in their order", async () => {
  const list = (await read(".dependency-cruiser.js")).match(/const layers = \[(.*?)\];/s)?.[1];
  const picture = (await read("ARCHITECTURE.md")).match(/flowchart TB\n(.*?)```/s)?.[1];
  const layers = [...list!.matchAll(/"(\w+)"/g)].map(([, name]) => name);
  expect(layers.length).toBeGreaterThan(10);
  expect([...picture!.matchAll(/--> (\w+)/g)].map(([, name]) => name)).toEqual(layers);
});
