import { expect, test } from "vitest";
import { withEmptyBlocks } from "./empty-blocks.ts";
import { pack } from "./pack.ts";
import { packedNames } from "./packed-layout.ts";

const packed = pack([[1, 2, 3], [4], [5, 6]], { maxBlocks: 1 });

test.each([0, 1])("blocks that hold %d sequences of nothing leave the rest as it was", (height) => {
  const filled = withEmptyBlocks(packed, 3, { height });
  expect(filled.blocks).toBe(3);
  expect(filled.feeds).toMatchObject(packed.feeds);
  for (const block of [1, 2]) {
    const { shape, data } = filled.feeds[packedNames.mask(block)];
    expect(shape).toEqual([height, 1, 1, 8]);
    expect(Array.from(data, Number).every((mask) => mask < 0)).toBe(true);
    const { data: pool } = filled.feeds[packedNames.pool(block)];
    expect(Array.from(pool, Number).every((weight) => weight === 0)).toBe(true);
    expect(filled.feeds[packedNames.slots(block)].shape).toEqual([height, 8]);
  }
});
