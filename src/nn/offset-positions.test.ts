import { describe, expect, test } from "vitest";
import { array64 } from "../graph/array64.ts";
import { evaluate, toArray64 } from "../graph/reference.ts";
import { offsetPositions } from "./offset-positions.ts";
import { pack } from "./pack.ts";
import { packedLayout, packedNames } from "./packed-layout.ts";
import { paddedLayout } from "./padded-layout.ts";

const PAD = 1;
/** Texts with the padding id at their start, middle and end, and of nothing else. */
const cases: readonly (readonly [ids: number[], positions: number[]])[] = [
  [
    [0, 5, 6, 2],
    [2, 3, 4, 5],
  ],
  [
    [0, 1, 6, 1, 1, 2],
    [2, 1, 3, 1, 1, 4],
  ],
  [
    [1, 7, 8],
    [1, 2, 3],
  ],
  [
    [9, 1],
    [2, 1],
  ],
  [
    [1, 1, 1, 1, 1],
    [1, 1, 1, 1, 1],
  ],
];
const texts = cases.map(([ids]) => ids);

test.each([1, 2, 3])("packed in at most %i blocks", (maxBlocks) => {
  const { blocks, feeds, tokens } = pack(texts, { maxBlocks });
  const layout = packedLayout(blocks);
  const values = new Map(Object.entries(feeds).map(([name, x]) => [name, toArray64(x)]));
  const [found] = evaluate([offsetPositions(layout, PAD)], values);
  const longestFirst = cases.toSorted(([a], [b]) => b.length - a.length);
  expect([...found.data.slice(0, tokens)]).toEqual(longestFirst.flatMap(([, wanted]) => wanted));
  expect(feeds[packedNames.ids].shape).toEqual(found.shape);
});

describe.each(["right", "left"])("padded on the %s", (side) => {
  test.each([PAD, 0])("with id %i", (padding) => {
    const longest = Math.max(...texts.map(({ length }) => length));
    const start = (length: number) => (side === "left" ? longest - length : 0);
    const slots = (fill: number, of: (text: readonly number[]) => readonly number[]) => {
      const data = new Float64Array(texts.length * longest).fill(fill);
      texts.forEach((text, row) => {
        data.set(of(text), row * longest + start(text.length));
      });
      return array64([texts.length, longest], data);
    };
    const feeds = new Map([
      ["input_ids", slots(padding, (text) => text)],
      ["attention_mask", slots(0, (text) => text.map(() => 1))],
    ]);
    const [found] = evaluate([offsetPositions(paddedLayout(["mean"]), PAD)], feeds);
    cases.forEach(([text, wanted], row) => {
      const from = row * longest + start(text.length);
      expect([...found.data.slice(from, from + text.length)]).toEqual(wanted);
    });
    expect(Math.max(...found.data)).toBeLessThanOrEqual(PAD + longest);
  });
});
