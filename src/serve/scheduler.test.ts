import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import type { Priority } from "./queue/waiting.ts";
import { type BatchReport, type RunBatch, Scheduler, type SchedulerOptions } from "./scheduler.ts";
import type { Slot } from "./session-set.ts";

const lane = { budgetTokens: 8, sliceTokens: 4, tokensPerMs: 1, wideTokens: 0 };

/** A model whose vectors are each sequence's first id and its length; batches wait until they are let go. */
function slowModel(fail: (batch: number) => boolean = () => false) {
  const batches: (readonly number[])[] = [];
  const slots: Slot[] = [];
  const gates: PromiseWithResolvers<void>[] = [];
  const run: RunBatch = async ({ slot }, sequences) => {
    const batch = batches.push(sequences.map(([first]) => first)) - 1;
    slots.push(slot);
    const gate = Promise.withResolvers<void>();
    gates.push(gate);
    await gate.promise;
    if (fail(batch)) throw new Error("out of memory");
    return Float32Array.from(sequences.flatMap((ids) => [ids[0], ids.length]));
  };
  /** Lets the batch that runs now end, and the next one begin. */
  const step = async () => {
    gates.shift()?.resolve();
    await sleep(1);
  };
  const finish = async () => {
    while (gates.length > 0) await step();
  };
  return { run, batches, slots, step, finish };
}

/** On a clock that stands still, so that the lane's speed stays what it is. */
const start = (run: RunBatch, options: Partial<SchedulerOptions> = {}) =>
  new Scheduler({ run, lanes: { m: lane }, now: () => 0, ...options });

/** Inputs by first id and length. */
const work = (
  priority: Priority,
  ...inputs: readonly (readonly [id: number, length: number])[]
) => ({
  ...{ lane: "m", priority },
  sequences: inputs.map(([id, length]) => new Int32Array(length).fill(id)),
  promptTokens: inputs.map(() => 0),
});

describe("a scheduler", () => {
  test("runs what comes while a batch runs in the next one, and gives each its own", async () => {
    const { run, batches, finish } = slowModel();
    const scheduler = start(run);
    const all = [1, 2, 3].map((id) => scheduler.submit(work("interactive", [id, 2])));
    await finish();
    expect(batches).toEqual([[1], [2, 3]]);
    const found = (await Promise.all(all)).map(({ vectors }) => [...vectors]);
    expect(found).toEqual([
      [1, 2],
      [2, 2],
      [3, 2],
    ]);
  });

  test("cuts bulk into slices, between which queries go first", async () => {
    const { run, batches, step, finish } = slowModel();
    const scheduler = start(run);
    const bulk = scheduler.submit(work("bulk", [1, 2], [2, 2], [3, 2], [4, 2], [5, 1]));
    const query = scheduler.submit(work("interactive", [9, 2]));
    await step();
    expect(batches).toEqual([[1, 2], [9]]);
    await finish();
    expect(batches).toEqual([[1, 2], [9], [3, 4], [5]]);
    expect([...(await query).vectors]).toEqual([9, 2]);
    expect([...(await bulk).vectors]).toEqual([1, 2, 2, 2, 3, 2, 4, 2, 5, 1]);
  });

  test("divides what waits among its sessions, and a few queries go past bulk", async () => {
    const { run, batches, slots, step, finish } = slowModel();
    const wide = { ...lane, wideTokens: 4 };
    const scheduler = start(run, { workers: 2, lanes: { m: wide } });
    const bulk = scheduler.submit(work("bulk", [1, 2], [2, 2], [3, 2], [4, 2], [5, 2]));
    const query = scheduler.submit(work("interactive", [9, 2]));
    const more = [2, 3].map((length) => scheduler.submit(work("interactive", [8, length])));
    expect(batches).toEqual([[1, 2], [3, 4], [9]]);
    // While that one runs, and after it where too many wait for one session, queries are first among the others.
    await step();
    expect(batches.slice(3)).toEqual([[5]]);
    await step();
    expect(batches.slice(4)).toEqual([]);
    await step();
    expect(batches.slice(4)).toEqual([[8, 8]]);
    await finish();
    expect(slots).toEqual([0, 1, "wide", 0, 1]);
    await Promise.all([bulk, query, ...more]);
    expect(scheduler.backlog()).toEqual({ interactive: 0, bulk: 0 });
  });

  test("gives a busy session its next batch where that is full, and no bulk waits", async () => {
    const { run, batches, slots, step, finish } = slowModel();
    const scheduler = start(run);
    const all = [1, 2, 3, 4].map((id) => scheduler.submit(work("interactive", [id, 4])));
    // Two fill one, and the third has to see who comes.
    expect(batches).toEqual([[1], [2, 3]]);
    const bulk = scheduler.submit(work("bulk", [9, 1]));
    await step();
    expect(batches.length).toBe(2);
    await finish();
    expect(batches.slice(2)).toEqual([[4], [9]]);
    expect((await Promise.all(all)).map(({ vectors }) => vectors[0])).toEqual([1, 2, 3, 4]);
    expect(slots).toEqual([0, 0, 0, 0]);
    await bulk;
  });

  test("runs nothing of a client that went away, and tells it so at once", async () => {
    const { run, batches, finish } = slowModel();
    const scheduler = start(run);
    const controller = new AbortController();
    const first = scheduler.submit(work("interactive", [1, 1]));
    const gone = scheduler.submit(work("interactive", [2, 1]), { signal: controller.signal });
    controller.abort();
    await expect(gone).rejects.toMatchObject({ code: "aborted" });
    await finish();
    await first;
    expect(batches).toEqual([[1]]);
    expect(scheduler.depth("interactive")).toEqual({ requests: 0, tokens: 0, oldestMs: 0 });
    const late = scheduler.submit(work("interactive", [3, 1]), { signal: controller.signal });
    await expect(late).rejects.toMatchObject({ code: "aborted" });
  });

  test("gives up what is past its deadline", async () => {
    const { run, batches, finish } = slowModel();
    const scheduler = start(run, { now: () => performance.now() });
    const first = scheduler.submit(work("interactive", [1, 1]));
    const deadline = performance.now() + 5;
    const late = scheduler.submit(work("interactive", [2, 1]), { deadline });
    await expect(late).rejects.toMatchObject({ code: "timeout" });
    await finish();
    await first;
    expect(batches).toEqual([[1]]);
  });

  test("tries a batch that failed again, each request alone, and all succeed", async () => {
    const { run, batches, finish } = slowModel((batch) => batch === 1);
    const reports: BatchReport[] = [];
    const scheduler = start(run, { onBatch: (report) => reports.push(report) });
    const all = [1, 2, 3].map((id) => scheduler.submit(work("interactive", [id, 2])));
    await finish();
    expect(batches).toEqual([[1], [2, 3], [2], [3]]);
    expect((await Promise.all(all)).map(({ vectors }) => vectors[0])).toEqual([1, 2, 3]);
    expect(reports.map(({ failed }) => failed)).toEqual([false, true, false, false]);
  });

  test("fails who made it fail twice, and nobody else", async () => {
    const poison = 2;
    const { run, finish, batches } = slowModel((batch) => batches[batch].includes(poison));
    const scheduler = start(run);
    const all = [1, poison, 3].map((id) => scheduler.submit(work("interactive", [id, 2])));
    const settled = Promise.allSettled(all);
    await finish();
    const [a, b, c] = await settled;
    expect([a.status, b.status, c.status]).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(b).toMatchObject({ reason: { code: "io", httpStatus: 503 } });
  });

  test("a failure in the middle of a request costs it the failed part alone", async () => {
    const { run, batches, finish } = slowModel((batch) => batch === 1);
    const scheduler = start(run);
    const bulk = scheduler.submit(work("bulk", [1, 4], [2, 4], [3, 4]));
    await finish();
    expect(batches).toEqual([[1], [2], [2], [3]]);
    expect([...(await bulk).vectors]).toEqual([1, 4, 2, 4, 3, 4]);
  });

  test("a failure beside another batch of the same request costs the failed part alone", async () => {
    const { run, batches, step, finish } = slowModel((batch) => batch === 0);
    const scheduler = start(run, { workers: 2 });
    const bulk = scheduler.submit(work("bulk", [1, 4], [2, 4], [3, 4], [4, 4]));
    await step();
    await finish();
    expect(batches).toEqual([[1], [2], [1], [3], [4]]);
    expect([...(await bulk).vectors]).toEqual([1, 4, 2, 4, 3, 4, 4, 4]);
  });

  test("counts what waits and what runs", async () => {
    const { run, finish } = slowModel();
    const scheduler = start(run);
    const all = [
      scheduler.submit(work("bulk", [1, 3], [2, 3])),
      scheduler.submit(work("interactive", [3, 2])),
    ];
    expect(scheduler.backlog()).toEqual({ interactive: 2, bulk: 6 });
    expect(scheduler.depth("bulk")).toMatchObject({ requests: 1, tokens: 3 });
    await finish();
    await Promise.all(all);
    expect(scheduler.backlog()).toEqual({ interactive: 0, bulk: 0 });
  });

  test("a lane is closed when the batch that it runs is done, though nobody waits for that", async () => {
    const { run, finish } = slowModel();
    const scheduler = start(run);
    const controller = new AbortController();
    const gone = scheduler.submit(work("interactive", [1, 1]), { signal: controller.signal });
    controller.abort();
    await expect(gone).rejects.toMatchObject({ code: "aborted" });
    let closed = false;
    const closing = scheduler.closeLane("m").then(() => {
      closed = true;
    });
    await sleep(1);
    expect([closed, Object.keys(scheduler.lanes)]).toEqual([false, ["m"]]);
    expect(scheduler.backlog().interactive).toBe(1);
    await finish();
    await closing;
    expect(scheduler.lanes).toEqual({});
  });

  test("drains: what was taken is done, and nothing else is taken", async () => {
    const { run, finish } = slowModel();
    const scheduler = start(run);
    const first = scheduler.submit(work("interactive", [1, 1]));
    let drained = false;
    const draining = scheduler.drain().then(() => {
      drained = true;
    });
    await expect(scheduler.submit(work("interactive", [2, 1]))).rejects.toThrow("stopping");
    expect(drained).toBe(false);
    await finish();
    await first;
    await draining;
    await scheduler.drain();
  });
});
