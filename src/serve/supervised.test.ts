import { expect, test } from "vitest";
import { tinyBert } from "../../test/tiny-models.ts";
import { type Forward, openForward } from "../encoder/index.ts";
import { openSupervised } from "./supervised.ts";

const sequences = [Int32Array.of(1, 2, 3), Int32Array.of(4, 5)];
const prompts = [0, 0];

test("a worker that was ended is there again, and gives the same vectors", async () => {
  const opened: Forward[] = [];
  const restarts: unknown[] = [];
  await using session = await openSupervised({
    open: async () => {
      const forward = await openForward(tinyBert(), { worker: true });
      opened.push(forward);
      return forward;
    },
    onRestart: (restart) => restarts.push(restart),
  });
  const before = await session.run(sequences, prompts);
  await opened[0][Symbol.asyncDispose]();
  await expect(session.run(sequences, prompts)).rejects.toMatchObject({ code: "io" });
  expect(session.isUp).toBe(false);
  expect(await session.run(sequences, prompts)).toEqual(before);
  expect(session.isUp).toBe(true);
  expect(opened.length).toBe(2);
  expect(restarts).toEqual([{ cause: expect.objectContaining({ code: "io" }) }]);
});

test("a session that cannot be opened again is tried at once, at each run, and when it is woken", async () => {
  let openings = 0;
  const outcomes: boolean[] = [];
  const failing: Forward = {
    run: async () => {
      throw new Error("broken");
    },
    [Symbol.asyncDispose]: async () => {},
  };
  await using session = await openSupervised({
    open: async () => {
      openings++;
      if (openings === 2 || openings === 3) throw new Error("no memory");
      return failing;
    },
    onRestart: ({ failed }) => outcomes.push(failed === undefined),
  });
  await expect(session.run(sequences, prompts)).rejects.toThrow("broken");
  await expect.poll(() => outcomes).toEqual([false]);
  await expect(session.run(sequences, prompts)).rejects.toThrow("no memory");
  expect([session.isUp, openings]).toEqual([false, 3]);
  session.wake();
  session.wake();
  await expect.poll(() => session.isUp).toBe(true);
  await expect(session.run(sequences, prompts)).rejects.toThrow("broken");
  await expect.poll(() => outcomes).toEqual([false, false, true, true]);
  expect(openings).toBe(5);
});

test("several runs that fail together open one session", async () => {
  let openings = 0;
  await using session = await openSupervised({
    open: async () => {
      const broken = openings++ === 0;
      return {
        run: async () => {
          if (broken) throw new Error("broken");
          return new Float32Array(2);
        },
        [Symbol.asyncDispose]: async () => {},
      };
    },
  });
  const both = await Promise.allSettled([
    session.run(sequences, prompts),
    session.run(sequences, prompts),
  ]);
  expect(both.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  await session.run(sequences, prompts);
  expect(openings).toBe(2);
});
