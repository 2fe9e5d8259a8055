import fc from "fast-check";
import { expect, it } from "vitest";
import { NearfoldError } from "../errors.ts";
import { calibrate } from "./quantizer.ts";
import { parseQuantizer, toRecord } from "./record.ts";
import { vectorKinds } from "./registry.ts";

const space = { similarity: "cosine", dims: 3 } as const;
const sample = Float32Array.of(0.6, 0.8, 0, 0, -1, 0);
const types = Object.keys(vectorKinds) as (keyof typeof vectorKinds)[];
const recordOf = (type: keyof typeof vectorKinds) =>
  toRecord(calibrate({ type, dims: 3 }, sample, space));

it.each(types)("%s comes back as it was", (type) => {
  const quantizer = calibrate({ type, dims: 3 }, sample, space);
  const read = JSON.parse(JSON.stringify(toRecord(quantizer)));
  expect(parseQuantizer(read, "store.json", space)).toEqual(quantizer);
});

const record = recordOf("int8");
it.each([
  ["nothing", undefined, "got nothing, wanted float32, int8, binary"],
  ["another type", { ...record, type: "int4" }, 'got "int4"'],
  ["more dimensions than the space", { ...record, dims: 4 }, "got 4, wanted 1 to 3 dimensions"],
  ["a scale cut short", { ...record, scale: record.scale.slice(4) }, "wanted 3 finite numbers"],
  [
    "a NaN",
    { ...record, offset: Buffer.from([...Array(12)].map(() => 255)).toString("base64") },
    "finite",
  ],
  ["a scale for float32", { ...record, type: "float32" }, "wanted 0 finite numbers"],
])("a record of %s is refused", (_, value, message) => {
  expect(() => parseQuantizer(value, "store.json", space)).toThrow(message);
});

it("any record gives a quantizer or an error of ours", () => {
  const field = fc.oneof(fc.constantFrom(...Object.values(record)), fc.jsonValue());
  const value = fc.oneof(
    fc.jsonValue(),
    fc.record({ type: field, dims: field, offset: field, scale: field }),
  );
  const run = (any: unknown) => {
    try {
      expect(parseQuantizer(any, "store.json", space).format.dims).toBe(3);
    } catch (error) {
      expect(error).toBeInstanceOf(NearfoldError);
      expect((error as NearfoldError).code).toBe("bad-input");
    }
  };
  fc.assert(fc.property(value, run), { numRuns: 300 });
});
