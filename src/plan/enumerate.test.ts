import { describe, expect, test } from "vitest";
import { fitScheme, parseScheme } from "../vectors/index.ts";
import { bodiesOf, layerCounts, studentWidths, vectorAxis } from "./axes.ts";
import { bytesOf, enumerateCandidates } from "./enumerate.ts";

const minilm = { layers: 6, dims: [384], isStatic: false };
const vnni = { arch: "x64", vnni: true };

test.each([
  [{ layers: 6, dims: [384] }, [6, 3, 2]],
  [{ layers: 6, dims: [384, 128] }, [3, 2]],
  [{ layers: 12, dims: [768, 384] }, [6, 4]],
  [{ layers: 5, dims: [64] }, [5, 3, 2]],
  [{ layers: 1, dims: [64, 32] }, [1]],
  [{ dims: [64] }, []],
])("%j has students of %j layers", (model, counts) => {
  expect(layerCounts({ ...model, isStatic: false })).toEqual(counts);
});

test.each([
  [[384], [384, 256, 192, 128, 96, 64]],
  [[768], [768, 512, 384, 256, 192, 128]],
  [
    [256, 64],
    [256, 64],
  ],
  [[32], [32, 24, 16, 8]],
  [[8], [8]],
])("students of a model of %j are taught %j", (dims, widths) => {
  expect(studentWidths({ dims })).toEqual(widths);
});

test("bodies: the model itself has its own widths alone", () => {
  const bodies = bodiesOf(minilm, [6, 3], true);
  expect(bodies.map(({ name, about, share }) => [name, about, share])).toEqual([
    ["given", "as given", 1],
    ["layers-6", "all 6 layers, retaught", 1],
    ["layers-3", "3 of 6 layers", 0.5],
    ["static", "static", 0],
  ]);
  expect(bodies.map(({ widths }) => widths.length)).toEqual([1, 6, 6, 6]);
});

describe("formats of weights", () => {
  const names = (on: { arch: string; vnni?: boolean }) => {
    const { candidates, leftOut } = enumerateCandidates(minilm, on);
    const all = new Set(candidates.map(({ backbone }) => backbone.weights.name));
    return { all: [...all], leftOut: leftOut.map(({ what }) => what.replace("weights in ", "")) };
  };

  test.each([
    ["with VNNI", vnni, ["float32", "int8", "int8-static"], "int7"],
    ["without VNNI", { arch: "x64", vnni: false }, ["float32", "int7"], "int8"],
    ["on ARM", { arch: "arm64" }, ["float32", "int8", "int8-static"], "int7"],
  ] as const)("%s: %j tries %j", (_, on, tried, not) => {
    const { all, leftOut } = names(on);
    expect(all).toEqual(tried);
    expect(leftOut).toContain(not);
    expect(leftOut).toContain("float16");
  });

  test("float16 says that it only adds casts on x86", () => {
    const { leftOut } = enumerateCandidates(minilm, vnni);
    expect(leftOut.find(({ what }) => what.includes("float16"))?.why).toContain("only adds casts");
  });

  test("those asked for are tried, and no others; a reference is there all the same", () => {
    const { candidates, reference } = enumerateCandidates(minilm, vnni, {
      weights: ["int4-block32"],
      students: [],
    });
    expect(candidates.map(({ id }) => id)).toEqual(
      ["float32", "int8", "binary+float32", "binary+int8", "binary"].map(
        (vectors) => `given-int4-block32 ${vectors}`,
      ),
    );
    expect(reference.id).toBe("given float32");
  });
});

test("every candidate is what `nearfold index --vectors` reads, and of so many bytes", () => {
  const { candidates } = enumerateCandidates(minilm, vnni);
  expect(new Set(candidates.map(({ id }) => id)).size).toBe(candidates.length);
  // Three students with layers of six widths and the given model of one in three formats of weights, a bag of tokens in two.
  expect(candidates).toHaveLength(((3 * 6 + 1) * 3 + 6 * 2) * vectorAxis.length);
  for (const { vectors, scheme, bytes, backbone } of candidates) {
    const fitted = fitScheme(parseScheme(vectors), backbone.body.widths[0]);
    expect(fitted).toEqual(scheme);
    expect(bytesOf(fitted)).toBe(bytes);
  }
});

test("a static model has no layers to leave out, and no static student", () => {
  const model = { dims: [256], isStatic: true };
  const { candidates, leftOut } = enumerateCandidates(model, vnni);
  expect(new Set(candidates.map(({ backbone }) => backbone.body.name))).toEqual(new Set(["given"]));
  expect(leftOut.map(({ what }) => what)).toEqual(
    expect.arrayContaining(["fewer layers", "a static student"]),
  );
});

test.each([
  ["more layers than there are", { students: [7] }, "does not have so many layers"],
  ["a format that is none", { weights: ["int3"] }, "no such format of weights"],
] as const)("%s", (_, asked, message) => {
  expect(() => enumerateCandidates(minilm, vnni, asked)).toThrow(message);
});
