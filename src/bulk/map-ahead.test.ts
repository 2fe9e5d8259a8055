import { setTimeout } from "node:timers/promises";
import { expect, it } from "vitest";
import { mapAhead } from "./map-ahead.ts";

async function* counted(count: number, read: number[]) {
  for (let i = 0; i < count; i++) {
    read.push(i);
    yield i;
  }
}

it("gives results in the order of the items, whichever is done first", async () => {
  const work = async (i: number) => {
    await setTimeout(i % 2 === 0 ? 8 : 1);
    return i * 10;
  };
  for (const ahead of [0, 1, 3]) {
    expect(await Array.fromAsync(mapAhead(counted(5, []), work, ahead))).toEqual([
      0, 10, 20, 30, 40,
    ]);
  }
});

it("reads no further than it is told to", async () => {
  const read: number[] = [];
  const results = mapAhead(counted(9, read), async (i) => i, 2);
  await results.next();
  await setTimeout(5);
  expect(read).toEqual([0, 1, 2]);
  await results.next();
  expect(read).toEqual([0, 1, 2, 3]);
  await results.return(undefined);
});

it("a failure is the reader's, in its turn; what was begun is told, and waited for", async () => {
  let ended = 0;
  const work = async (i: number, signal: AbortSignal) => {
    if (i === 1) throw new Error("one");
    if (i > 1) await new Promise((resolve) => signal.addEventListener("abort", resolve));
    ended++;
    return i;
  };
  const seen: number[] = [];
  const reading = async () => {
    for await (const i of mapAhead(counted(9, []), work, 2)) seen.push(i);
  };
  await expect(reading()).rejects.toThrow("one");
  expect(seen).toEqual([0]);
  expect(ended).toBe(3);
});

it("a failure of the items ends it too", async () => {
  async function* broken() {
    yield 1;
    throw new Error("no more");
  }
  await expect(Array.fromAsync(mapAhead(broken(), async (i) => i, 3))).rejects.toThrow("no more");
});
