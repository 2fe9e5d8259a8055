import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { NearfoldError } from "../errors.ts";
import type { DType } from "./dtype.ts";
import {
  bfloat16ToFloat32,
  float16ToFloat32,
  float32ToBfloat16,
  float32ToFloat16,
  toFloat32,
} from "./half.ts";
import { tensor, zeros } from "./tensor.ts";

/** The bits of each float32, so that NaN payloads and signs of zero can be written down. */
const fromBits = (...bits: number[]) => new Float32Array(Uint32Array.from(bits).buffer);
const bitsOf = (values: Float32Array) => [...new Uint32Array(values.buffer, 0, values.length)];
const words = (...bits: number[]) => Uint16Array.from(bits);

const toBfloat16: readonly (readonly [string, number, number])[] = [
  ["zero", 0x00000000, 0x0000],
  ["negative zero", 0x80000000, 0x8000],
  ["one", 0x3f800000, 0x3f80],
  ["below half a step rounds down", 0x3f807fff, 0x3f80],
  ["a tie over an even word rounds down", 0x3f808000, 0x3f80],
  ["just over half a step rounds up", 0x3f808001, 0x3f81],
  ["a tie over an odd word rounds up", 0x3f818000, 0x3f82],
  ["a negative tie rounds to even", 0xbf818000, 0xbf82],
  ["a carry moves into the exponent", 0x3fffc000, 0x4000],
  ["largest float32 becomes infinite", 0x7f7fffff, 0x7f80],
  ["largest that stays finite", 0x7f7f7fff, 0x7f7f],
  ["infinity", 0x7f800000, 0x7f80],
  ["negative infinity", 0xff800000, 0xff80],
  ["quiet NaN", 0x7fc00000, 0x7fc0],
  ["NaN with a payload in the lower half only", 0x7f800001, 0x7fc0],
  ["negative NaN of all ones", 0xffffffff, 0xffff],
  ["subnormal, exact", 0x00010000, 0x0001],
  ["subnormal tie to even: down to zero", 0x00008000, 0x0000],
  ["subnormal just over the tie", 0x00008001, 0x0001],
  ["largest subnormal rounds to the smallest normal", 0x007fffff, 0x0080],
];

const toFloat16: readonly (readonly [string, number, number])[] = [
  ["zero", 0, 0x0000],
  ["negative zero", -0, 0x8000],
  ["one", 1, 0x3c00],
  ["tie over even rounds down", 1 + 2 ** -11, 0x3c00],
  ["tie over odd rounds up", 1 + 3 * 2 ** -11, 0x3c02],
  ["just over the tie", 1 + 2 ** -11 + 2 ** -20, 0x3c01],
  ["largest finite", 65504, 0x7bff],
  ["just under the tie with infinity", 65519, 0x7bff],
  ["the tie with infinity", 65520, 0x7c00],
  ["infinity", Infinity, 0x7c00],
  ["negative infinity", -Infinity, 0xfc00],
  ["smallest normal", 2 ** -14, 0x0400],
  ["largest subnormal", 1023 * 2 ** -24, 0x03ff],
  ["smallest subnormal", 2 ** -24, 0x0001],
  ["tie with zero", 2 ** -25, 0x0000],
  ["just over the tie with zero", 2 ** -25 + 2 ** -40, 0x0001],
  ["NaN", NaN, 0x7e00],
];

describe("bfloat16", () => {
  test.each(toBfloat16)("%s", (_, bits, wanted) => {
    expect([...float32ToBfloat16(fromBits(bits))]).toEqual([wanted]);
  });

  test("widening keeps every one of the 65,536 words, and narrowing gives it back", () => {
    const all = Uint16Array.from({ length: 65536 }, (_, i) => i);
    const wide = bfloat16ToFloat32(all);
    expect(bitsOf(wide)).toEqual(Array.from(all, (word) => (word << 16) >>> 0));
    // A signalling NaN comes back quiet.
    const nan = (word: number) => (word & 0x7fff) > 0x7f80;
    const wanted = Array.from(all, (word) => (nan(word) ? word | 0x40 : word));
    expect([...float32ToBfloat16(wide)]).toEqual(wanted);
  });

  test("no other word is nearer", () => {
    fc.assert(
      fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const [word] = float32ToBfloat16(Float32Array.of(value)) as unknown as [number];
        const [got, below, above] = bfloat16ToFloat32(words(word, word - 1, word + 1));
        fc.pre(Number.isFinite(got));
        const error = Math.abs(got - value);
        for (const other of [below, above]) {
          if (Number.isFinite(other)) expect(error).toBeLessThanOrEqual(Math.abs(other - value));
        }
      }),
    );
  });
});

describe("float16", () => {
  test.each(toFloat16)("%s", (_, value, wanted) => {
    const half = float32ToFloat16(Float32Array.of(value));
    expect([...new Uint16Array(half.buffer)]).toEqual([wanted]);
  });

  test("every word but NaN comes back", () => {
    const all = Uint16Array.from({ length: 65536 }, (_, i) => i);
    const back = float32ToFloat16(float16ToFloat32(new Float16Array(all.buffer)));
    const nan = (word: number) => (word & 0x7fff) > 0x7c00;
    const same = (word: number, i: number) => word === i || (nan(word) && nan(i));
    expect(new Uint16Array(back.buffer).every(same)).toBe(true);
  });
});

describe("destinations", () => {
  test("a part of a larger array is filled in place", () => {
    const out = new Float32Array(4);
    expect(bfloat16ToFloat32(words(0x3f80), out.subarray(1, 2)).length).toBe(1);
    float16ToFloat32(Float16Array.of(2), out.subarray(2, 3));
    expect([...out]).toEqual([0, 1, 2, 0]);
  });

  test.each([
    ["bfloat16ToFloat32", () => bfloat16ToFloat32(words(1, 2), new Float32Array(1))],
    ["float32ToBfloat16", () => float32ToBfloat16(new Float32Array(2), new Uint16Array(1))],
    ["float16ToFloat32", () => float16ToFloat32(new Float16Array(2), new Float32Array(1))],
    ["float32ToFloat16", () => float32ToFloat16(new Float32Array(2), new Float16Array(1))],
  ])("%s refuses one that is too short", (_, run) => {
    expect(run).toThrow("the destination is too short (got 1 elements, wanted 2)");
  });
});

describe("toFloat32", () => {
  test.each([
    ["float32", Float32Array.of(1, -2.5)],
    ["float16", Float16Array.of(1, -2.5)],
    ["bfloat16", words(0x3f80, 0xc020)],
    ["float64", Float64Array.of(1, -2.5)],
  ] as const)("%s", (dtype, data) => {
    const got = toFloat32(tensor<DType>(dtype, [2, 1], data));
    expect(got).toEqual({ dtype: "float32", shape: [2, 1], data: Float32Array.of(1, -2.5) });
  });

  test("float64 is rounded to nearest, past the largest to infinity", () => {
    const wide = tensor("float64", [3], Float64Array.of(1 + 2 ** -24, 1 + 3 * 2 ** -24, 1e300));
    expect([...toFloat32(wide).data]).toEqual([1, 1 + 2 ** -22, Infinity]);
  });

  test("float32 is not copied", () => {
    const same = zeros("float32", [3]);
    expect(toFloat32(same)).toBe(same);
  });

  test.each(["int64", "uint8", "uint16", "bool"] as const)("%s is refused by name", (dtype) => {
    expect(() => toFloat32(zeros(dtype, [1]))).toThrow(NearfoldError);
    expect(() => toFloat32(zeros(dtype, [1]))).toThrow(`got ${dtype}`);
  });
});
