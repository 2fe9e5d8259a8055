import { describe, expect, test } from "vitest";
import { dequantizeRows, quantizeRows } from "./codes.ts";
import { floats } from "./tensor.ts";

describe("rows as codes", () => {
  test.each<[string, number[], object, number[], number[]]>([
    [
      "the greatest magnitude is the end of the range",
      [1, -2, 0.5, 0],
      {},
      [64, -127, 32, 0],
      [2 / 127],
    ],
    ["halves go to the even neighbour", [127, 0.5, 1.5, -0.5], {}, [127, 0, 2, 0], [1]],
    ["7 bits end at 63", [63, -63, 1, 0], { bits: 7 }, [63, -63, 1, 0], [1]],
    ["4 bits end at 7", [7, -7, 3.2, 0], { bits: 4 }, [7, -7, 3, 0], [1]],
    [
      "with a reach, the greatest number takes the lower end, whatever its sign",
      [8, -3, 7.4, 0],
      { bits: 4, reach: 8 },
      [-8, 3, -7, 0],
      [-1],
    ],
    [
      "and a reach beyond it is clipped",
      [9, 1, -9, 8.1],
      { bits: 4, reach: 9, block: 2 },
      [-8, -1, -8, 7],
      [-1, 1],
    ],
    ["a scale for each block", [127, 1, 254, 2], { block: 2 }, [127, 1, 127, 1], [1, 2]],
    ["zeros stay zeros", [0, 0, 0, 0], {}, [0, 0, 0, 0], [1]],
  ])("%s", (_, row, options, codes, scale) => {
    const found = quantizeRows(floats(row, [1, 4]), options);
    expect([...found.codes.data]).toEqual(codes);
    expect(found.scale.data).toBeClose(scale, { rtol: 1e-6, atol: 0 });
    expect(found.scale.shape).toEqual([1, scale.length]);
  });

  test("what comes back is half a step away at most", () => {
    const matrix = floats(
      Array.from({ length: 5 * 48 }, (_, i) => Math.sin(i * i)),
      [5, 48],
    );
    for (const block of [48, 16]) {
      const found = quantizeRows(matrix, { block });
      const back = dequantizeRows(found);
      back.data.forEach((x, i) => {
        const step = found.scale.data[Math.floor(i / block)];
        expect(Math.abs(x - matrix.data[i])).toBeLessThanOrEqual(step / 2 + 1e-7);
      });
    }
  });
});
