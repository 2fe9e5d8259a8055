import { describe, expect, test } from "vitest";
import { goldenJson } from "../../test/golden.ts";
import { array64 } from "../graph/array64.ts";
import { gradients } from "../graph/grad.ts";
import { input } from "../graph/node.ts";
import { evaluate } from "../graph/reference.ts";
import { relativeBias, relativeBuckets } from "./relative-bias.ts";

interface Golden {
  readonly relative_position_bucket: {
    readonly key_minus_query_from: number;
    readonly buckets: readonly number[];
  };
}

describe("buckets are those of transformers, far beyond the largest distance too", () => {
  test.each([
    ["mpnet", 32, 128],
    ["t5", 32, 128],
    ["t5-gated", 16, 20],
  ])("%s: %i buckets to %i", (name, count, maxDistance) => {
    const { relative_position_bucket: golden } = goldenJson<Golden>(`models/${name}/golden`);
    const found = relativeBuckets({ count, maxDistance });
    const last = maxDistance;
    const clamped = golden.buckets.map((_, i) =>
      Math.min(Math.max(i + golden.key_minus_query_from, -last), last),
    );
    expect(clamped.map((distance) => found[distance + last])).toEqual(golden.buckets);
    expect(golden.buckets.length).toBeGreaterThan(2 * maxDistance + 1);
  });

  // torch.log and Math.log differ in the last bit here and there; these are the buckets that transformers 5.23 gives.
  test.each([
    [4, 8, [1, 1, 1, 1, 1, 1, 1, 1, 0, 3, 3, 3, 3, 3, 3, 3, 3]],
    [7, 3, [2, 2, 1, 0, 4, 5, 5]],
  ])("%i buckets to %i", (count, maxDistance, buckets) => {
    expect([...relativeBuckets({ count, maxDistance })]).toEqual(buckets);
  });
});

describe("the bias of a block", () => {
  const [count, maxDistance, heads, length] = [8, 5, 2, 9];
  const bucketOf = relativeBuckets({ count, maxDistance });
  const bucket = (query: number, key: number) =>
    bucketOf[Math.min(Math.max(key - query, -maxDistance), maxDistance) + maxDistance];
  const numbers = (size: number) => Float64Array.from({ length: size }, (_, i) => Math.sin(i + 1));
  const table = input("table", "float32", [count, heads]);
  const mask = input("mask", "float32", ["B", 1, 1, "S"]);
  const bias = relativeBias(table, mask, { count, maxDistance });
  const feeds = new Map([
    ["table", array64([count, heads], numbers(count * heads))],
    ["mask", array64([3, 1, 1, length], new Float64Array(3 * length))],
    ["seed", array64([1, heads, length, length], numbers(heads * length * length))],
  ]);
  const pairs = [...Array(heads * length * length).keys()].map((at) => {
    const [head, pair] = [Math.floor(at / length ** 2), at % length ** 2];
    return bucket(Math.floor(pair / length), pair % length) * heads + head;
  });

  test("is the table's row of each pair's bucket", () => {
    const [found] = evaluate([bias], feeds);
    expect(found.shape).toEqual([1, heads, length, length]);
    expect([...found.data]).toEqual(pairs.map((at) => feeds.get("table")!.data[at]));
  });

  test("gives the table the sum of what the pairs of a bucket say", () => {
    const seed = input("seed", "float32", [1, heads, length, length]);
    const { dense } = gradients(new Map([[bias, seed]]), [table]);
    const [found] = evaluate([dense.get(table)!], feeds);
    const wanted = new Float64Array(count * heads);
    pairs.forEach((at, i) => {
      wanted[at] += feeds.get("seed")!.data[i];
    });
    expect(found.data).toBeClose(wanted, { rtol: 0, atol: 1e-12 });
  });
});
