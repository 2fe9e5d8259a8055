import { expect, test } from "vitest";
import { type Fit, requireQuerySpace, type Space } from "./space.ts";

const space = (letter: string, dims = 8): Space => ({
  id: `sha256:${letter.repeat(64)}`,
  dims,
  similarity: "cosine",
});
const store = { name: "index", space: space("a") };
const fitTo = (to: Space): Fit => ({
  space: to,
  teacher: "large",
  agreement: { texts: 100, cosine: 0.9, overlap: 0.8 },
});

test.each<[string, Space, Fit | undefined, Fit | undefined]>([
  ["the store's own model", space("a"), undefined, undefined],
  ["its own, fitted to another", space("a"), fitTo(space("b")), undefined],
  ["one that was fitted to it", space("b"), fitTo(space("a")), fitTo(space("a"))],
])("%s may ask", (_, own, fitted, wanted) => {
  const model = { name: "model", space: own, ...(fitted && { fitted }) };
  expect(requireQuerySpace(store, model)).toEqual(wanted);
});

test.each<[string, Space, Fit | undefined]>([
  ["another model", space("b"), undefined],
  ["one that was fitted to a third", space("b"), fitTo(space("c"))],
  ["other dimensions of its own", space("a", 4), undefined],
  ["other dimensions of what it was fitted to", space("b", 4), fitTo(space("a"))],
  ["another similarity", space("b"), fitTo({ ...space("a"), similarity: "dot" })],
])("%s is refused", (_, own, fitted) => {
  const model = { name: "model", space: own, ...(fitted && { fitted }) };
  expect(() => requireQuerySpace(store, model)).toThrow(/of another space/);
});
