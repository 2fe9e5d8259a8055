import { describe, expect, test } from "vitest";
import { sharedIsThere, whereShared } from "../test/shared.ts";
import { captionPairs, readCaptions } from "./captions.ts";

const pictures = Array.from({ length: 40 }, (_, i) => [`a ${i}`, `b ${i}`, `c ${i}`, "a picture"]);
const textsOf = (pairs: ReturnType<typeof captionPairs>) =>
  pairs.flatMap(({ anchor, positive }) => [anchor, positive]);

describe("pairs of captions", () => {
  const pairs = captionPairs(pictures, { count: 40, seed: 1 });

  test("are two captions of one picture, another picture for each pair", () => {
    const owners = pairs.map(({ anchor, positive }) =>
      pictures.findIndex((captions) => captions.includes(anchor) && captions.includes(positive)),
    );
    expect(pairs).toHaveLength(40);
    expect(new Set(owners).size).toBe(40);
    expect(owners).not.toContain(-1);
  });

  test("hold no text twice, though pictures share one", () => {
    expect(textsOf(pairs).filter((text) => text === "a picture").length).toBeLessThanOrEqual(1);
    expect(new Set(textsOf(pairs)).size).toBe(80);
  });

  test("follow from the seed", () => {
    expect(captionPairs(pictures, { count: 40, seed: 1 })).toEqual(pairs);
    expect(captionPairs(pictures, { count: 40, seed: 2 })).not.toEqual(pairs);
  });

  test("are refused where there are too few pictures with two captions", () => {
    expect(() => captionPairs([["a", "b"], ["c"]], { count: 2, seed: 1 })).toThrow(
      /1 pairs, not 2/u,
    );
  });
});

test.skipIf(!sharedIsThere)(
  whereShared("the train split has five captions a picture"),
  async () => {
    const captions = await readCaptions();
    expect(captions).toHaveLength(29_000);
    expect(captions.every(({ length }) => length === 5)).toBe(true);
  },
);
