import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Sample, samples } from "../../test/onnx/graphs.ts";
import { NearfoldError } from "../errors.ts";
import { decodeModel, encodeModel } from "./index.ts";

const cases = Object.entries(samples).map(([name, make]) => [name, make() as Sample] as const);

/** Decoding, and encoding again what could be decoded. */
function throughAndBack(bytes: Uint8Array): void {
  try {
    const { graph, weights, opsets } = decodeModel(bytes);
    encodeModel(graph, { weights, opsets });
  } catch (error) {
    if (!(error instanceof NearfoldError) || error.code === "bug") throw error;
  }
}

describe.each(cases)("%s with changed bytes", (_, { graph, weights, opsets }) => {
  const { bytes } = encodeModel(graph, { weights, ...(opsets && { opsets }) });

  test("is read or refused", () => {
    const change = fc.tuple(fc.nat(bytes.length - 1), fc.integer({ min: 0, max: 255 }));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 6 }), (changes) => {
        const changed = Uint8Array.from(bytes);
        for (const [index, byte] of changes) changed[index] = byte;
        throughAndBack(changed);
      }),
      { numRuns: 3000, interruptAfterTimeLimit: 8000, markInterruptAsFailure: true },
    );
  });

  test("cut short or with a piece taken out is read or refused", () => {
    const span = fc.tuple(fc.nat(bytes.length), fc.nat(bytes.length));
    fc.assert(
      fc.property(span, ([a, b]) => {
        const [from, to] = [Math.min(a, b), Math.max(a, b)];
        throughAndBack(bytes.slice(0, from));
        throughAndBack(Uint8Array.from([...bytes.subarray(0, from), ...bytes.subarray(to)]));
      }),
      { numRuns: 500 },
    );
  });
});

test("random bytes are refused", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      expect(() => decodeModel(bytes)).toThrow(NearfoldError);
    }),
  );
});
