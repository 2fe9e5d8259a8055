import { describe, expect, test } from "vitest";
import { constant, graphOf, input } from "../graph/node.ts";
import { add, matmul } from "../graph/ops/index.ts";
import { encodeModel } from "../onnx/encode.ts";
import { floats } from "../tensor/tensor.ts";
import { availableProviders, openSession } from "./session.ts";
import { openWorkerSession } from "./worker-session.ts";

const x = input("x", "float32", ["T", 2]);
const w = input("w", "float32", [2, 2]);
const y = add(matmul(x, w), constant(floats([1, -1])));
const { bytes } = encodeModel(graphOf({ y }));
const shared = (values: number[]) => {
  const data = new Float32Array(new SharedArrayBuffer(values.length * 4));
  data.set(values);
  return data;
};
const feeds = {
  x: floats([1, 2, 3, 4], [2, 2]),
  w: floats([1, 0, 0, 1], [2, 2]),
  unused: floats([1]),
};

/** What every way of running a graph must do. */
describe.each([
  ["in place", openSession],
  ["in a worker", openWorkerSession],
])("a session %s", (_, open) => {
  test("says its names and runs", async () => {
    await using session = await open(bytes);
    expect([session.inputNames, session.outputNames].map((names) => [...names].sort())).toEqual([
      ["w", "x"],
      ["y"],
    ]);
    const { y: out } = await session.run(feeds);
    expect(out).toMatchObject({ dtype: "float32", shape: [2, 2] });
    expect([...(out.data as Float32Array)]).toEqual([2, 1, 4, 3]);
  });

  test("fills a preallocated output", async () => {
    await using session = await open(bytes);
    const into = floats(new Float32Array(4), [2, 2]);
    const { y: out } = await session.run(feeds, { into: { y: into } });
    expect(out).toBe(into);
    expect([...into.data]).toEqual([2, 1, 4, 3]);
  });

  test("reads shared weights, and sees them change", async () => {
    await using session = await open(bytes);
    const weight = shared([1, 0, 0, 1]);
    const run = async () => [
      ...((await session.run({ ...feeds, w: floats(weight, [2, 2]) })).y.data as Float32Array),
    ];
    expect(await run()).toEqual([2, 1, 4, 3]);
    weight[0] = 10;
    expect(await run()).toEqual([11, 1, 31, 3]);
  });

  test("whose threads rest between runs gives the same", async () => {
    await using session = await open(bytes, { restBetweenRuns: true });
    for (const _ of [1, 2]) {
      const { y: out } = await session.run(feeds);
      expect([...(out.data as Float32Array)]).toEqual([2, 1, 4, 3]);
    }
  });

  test("several runs at once give each its own result", async () => {
    await using session = await open(bytes);
    const runs = [1, 2, 3, 4].map((k) => session.run({ ...feeds, x: floats([k, 0], [1, 2]) }));
    const found = (await Promise.all(runs)).map(({ y: out }) => (out.data as Float32Array)[0]);
    expect(found).toEqual([2, 3, 4, 5]);
  });

  test.each([
    [
      "an input that is not fed",
      async () => (await open(bytes)).run({ x: feeds.x }),
      /w: a graph input is not fed/,
    ],
    [
      "bytes that are no model",
      () => open(new Uint8Array([1, 2, 3])),
      /does not accept this model/,
    ],
    [
      "a provider that is not there",
      () => open(bytes, { providers: ["coreml"] }),
      /got here: .*cpu.*wanted coreml/,
    ],
  ])("refuses %s", async (_, act, message) => {
    await expect(act()).rejects.toThrow(message);
  });
});

test("a worker that has ended is said to have, not waited for", async () => {
  const session = await openWorkerSession(bytes);
  await session.run(feeds);
  await session[Symbol.asyncDispose]();
  await expect(session.run(feeds)).rejects.toMatchObject({ code: "io" });
});

test("the CPU is always a provider", () => {
  expect(availableProviders()).toContain("cpu");
});
