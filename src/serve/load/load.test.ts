import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { expect, test } from "vitest";
import { arrivalTimes, latenciesOf } from "./arrivals.ts";
import { runClosedLoad, runLoad } from "./run-load.ts";
import type { Send } from "./sender.ts";

test("arrivals are a Poisson process: the same by seed, ascending, with its mean and spread", () => {
  const options = { perSecond: 100, seconds: 100, seed: 7 };
  const times = arrivalTimes(options);
  expect(arrivalTimes(options)).toEqual(times);
  expect(times).toEqual(times.toSorted((a, b) => a - b));
  expect(times[times.length - 1]).toBeLessThan(100_000);
  // 10,000 ± 3 standard deviations of 100.
  expect(Math.abs(times.length - 10_000)).toBeLessThan(300);
  const gaps = times.slice(1).map((time, i) => time - times[i]);
  const longer = gaps.filter((gap) => gap > 10).length / gaps.length;
  expect(longer).toBeCloseTo(Math.exp(-1), 1);
});

test.each<[readonly number[], object]>([
  [[], { count: 0, p50: Number.NaN, max: Number.NaN }],
  [[5], { count: 1, p50: 5, p95: 5, p99: 5, max: 5 }],
  [[4, 1, 3, 2], { count: 4, p50: 2, p95: 4, max: 4 }],
  [Array.from({ length: 100 }, (_, i) => i + 1), { p50: 50, p95: 95, p99: 99, max: 100 }],
])("latencies of %j", (times, wanted) => {
  expect(latenciesOf(times)).toMatchObject(wanted);
});

test("percentiles are among the values, and ascend", () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 1 }),
      (times) => {
        const { p50, p95, p99, max } = latenciesOf(times);
        expect([p50, p95, p99, max].every((value) => times.includes(value))).toBe(true);
        expect(p50 <= p95 && p95 <= p99 && p99 <= max).toBe(true);
      },
    ),
  );
});

test("a load counts from when a query was to be sent, however long the server holds it", async () => {
  let [bulk, queries] = [0, 0];
  const result = await runLoad({
    ...{ perSecond: 200, seconds: 0.5, seed: 1 },
    queries: ["a", "b"],
    bulk: { streams: 2, batch: 3, texts: ["x", "y"] },
    send: async (texts, priority) => {
      if (priority === "bulk") {
        bulk += texts.length;
        await sleep(20);
        return 200;
      }
      // Every third is refused, one fails.
      const query = queries++;
      if (query === 5) return 0;
      await sleep(query % 3 === 0 ? 1 : 30);
      return query % 3 === 0 ? 429 : 200;
    },
  });
  const { latencies, refused, failed, answeredPerSecond } = result;
  expect(latencies.count + refused.count + failed).toBe(queries);
  expect(failed).toBe(1);
  expect(latencies.p50).toBeGreaterThanOrEqual(29);
  expect(refused.p50).toBeLessThan(29);
  // Of some 0.5 s, and of those that were answered alone.
  expect(answeredPerSecond).toBeGreaterThan(0);
  expect(answeredPerSecond).toBeLessThanOrEqual(latencies.count / 0.5 + 1);
  expect(result.bulk!.textsPerSecond).toBeGreaterThan(0);
  expect(result.bulk!.textsPerSecond).toBeLessThanOrEqual(bulk / 0.5);
});

test("clients that are answered ask again, and one that is refused waits a little", async () => {
  let [under, most, asked] = [0, 0, 0];
  const send: Send = async () => {
    under++;
    most = Math.max(most, under);
    const mine = asked++;
    await sleep(10);
    under--;
    // The first of each client is refused.
    return mine < 3 ? 429 : 200;
  };
  const seen: number[] = [];
  const onProgress = (seconds: number) => seen.push(seconds);
  const result = await runClosedLoad({
    clients: 3,
    seconds: 0.5,
    queries: ["a"],
    send,
    onProgress,
  });
  const { latencies, refused, failed, answeredPerSecond, clients } = result;
  expect([clients, most, failed, refused.count]).toEqual([3, 3, 0, 3]);
  expect(latencies.count).toBe(asked - 3);
  expect(latencies.p50).toBeGreaterThanOrEqual(9);
  // 3 clients, 0.4 s at 10 ms each: no more, and on a busy machine less.
  expect(latencies.count).toBeLessThanOrEqual(3 * 45);
  expect(answeredPerSecond).toBeLessThanOrEqual(300);
  expect(seen.at(-1)).toBe(0.5);
  expect(seen).toEqual(seen.toSorted((a, b) => a - b));
});

test.each<[string, (send: Send, signal: AbortSignal) => Promise<unknown>]>([
  [
    "queries that come",
    (send, signal) =>
      runLoad({ perSecond: 50, seconds: 60, seed: 1, queries: ["a"], send, signal }),
  ],
  [
    "clients",
    (send, signal) => runClosedLoad({ clients: 2, seconds: 60, queries: ["a"], send, signal }),
  ],
])("%s stop when they are told to", async (_, load) => {
  const controller = new AbortController();
  const send: Send = async () => {
    await sleep(1);
    return 200;
  };
  setTimeout(() => controller.abort(), 50);
  await expect(load(send, controller.signal)).rejects.toMatchObject({ code: "aborted" });
});
