import { expect, test } from "vitest";
import type { ServedModel } from "../served-model.ts";
import { Instance } from "./instance.ts";
import { ModelTable } from "./model-table.ts";

const instance = (name: string, space = "a") => {
  const model = { name, space: { id: space, dims: 2, similarity: "cosine" } } as ServedModel;
  return new Instance(model, new Map());
};

/** A name with one beside it. */
function withBeside(share: number, space = "a") {
  const table = new ModelTable();
  const [current, beside] = [instance("m"), instance("m", space)];
  table.put(current);
  table.putBeside(beside, share);
  return { table, current, beside };
}

test.each([
  [0, 0],
  [0.25, 25],
  [0.1, 10],
  [1 / 3, 33],
  [1, 100],
])("a share of %d gets %d of 100 requests, evenly", (share, count) => {
  const { table, current, beside } = withBeside(share);
  const taken = Array.from({ length: 100 }, () => table.next(current.model) === beside);
  expect(taken.filter(Boolean).length).toBeGreaterThanOrEqual(count - 1);
  expect(taken.filter(Boolean).length).toBeLessThanOrEqual(count + 1);
  for (let n = 1; n <= 100; n++) {
    const soFar = taken.slice(0, n).filter(Boolean).length;
    expect(Math.abs(soFar - share * n)).toBeLessThanOrEqual(1 + 1e-9);
  }
});

test("a model that takes a name gets all requests, and who had it is told", () => {
  const table = new ModelTable();
  const [first, second] = [instance("m"), instance("m", "b")];
  expect(table.put(first)).toBeUndefined();
  expect(table.put(second)).toBe(first);
  expect(table.next(first.model)).toBe(second);
  expect([...table.models]).toEqual([["m", second.model]]);
});

test("one of another space may stand beside without a share, and take the name", () => {
  const { table, current, beside } = withBeside(0, "b");
  expect(() => table.setShare("m", 0.1)).toThrow(expect.objectContaining({ code: "mismatch" }));
  expect(table.next(current.model)).toBe(current);
  expect(table.promote("m")).toBe(current);
  expect(table.next(current.model)).toBe(beside);
  expect(table.names.get("m")).toMatchObject({ share: 0 });
});

test("it may be taken away again, and the name has its own model alone", () => {
  const { table, current, beside } = withBeside(1);
  expect(table.instances).toEqual([current, beside]);
  expect(table.removeBeside("m")).toBe(beside);
  expect(table.next(current.model)).toBe(current);
});

test.each<[string, (table: ModelTable) => unknown, string]>([
  ["a second one beside", (t) => t.putBeside(instance("m"), 0.5), "exists"],
  ["another in its place while one stands beside", (t) => t.put(instance("m")), "exists"],
  ["one beside a name that is none", (t) => t.putBeside(instance("n"), 0.5), "not-found"],
  ["a share of a name that is none", (t) => t.setShare("n", 0.5), "not-found"],
  ["to unload a name that is none", (t) => t.remove("n"), "not-found"],
  ["to unload the last model", (t) => t.remove("m"), "bad-argument"],
])("refuses %s, and nothing changes", (_, change, code) => {
  const { table, current, beside } = withBeside(0.5);
  expect(() => change(table)).toThrow(expect.objectContaining({ code }));
  expect(table.instances).toEqual([current, beside]);
});

test.each<[string, (table: ModelTable) => unknown, string]>([
  ["a share of another space", (t) => t.putBeside(instance("m", "b"), 0.5), "mismatch"],
  ["to switch to what is not there", (t) => t.promote("m"), "not-found"],
  ["to unload what is not there", (t) => t.removeBeside("m"), "not-found"],
  ["to share with what is not there", (t) => t.setShare("m", 0.5), "not-found"],
])("alone, it refuses %s", (_, change, code) => {
  const table = new ModelTable();
  const current = instance("m");
  table.put(current);
  expect(() => change(table)).toThrow(expect.objectContaining({ code }));
  expect(table.instances).toEqual([current]);
});

test("a name and what stands beside it go together", () => {
  const { table, current, beside } = withBeside(0.5);
  table.put(instance("n"));
  expect(table.remove("m")).toEqual([current, beside]);
  expect([...table.names.keys()]).toEqual(["n"]);
});

test("the last answer is waited for", async () => {
  const one = instance("m");
  const [first, second] = [Promise.withResolvers<number>(), Promise.withResolvers<number>()];
  const asked = [one.answer(() => first.promise), one.answer(() => second.promise)];
  let idle = false;
  const left = one.lastAnswer().then(() => {
    idle = true;
  });
  first.resolve(1);
  await asked[0];
  expect([idle, one.requests]).toEqual([false, { unanswered: 1, answered: 1, failed: 0 }]);
  second.reject(new Error("broken"));
  await expect(asked[1]).rejects.toThrow("broken");
  await left;
  expect(one.requests).toEqual({ unanswered: 0, answered: 1, failed: 1 });
});
