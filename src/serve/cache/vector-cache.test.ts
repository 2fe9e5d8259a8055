import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { NearfoldError } from "../../errors.ts";
import type { Computed, EmbedRequest } from "../embed-request.ts";
import { VectorCache } from "./vector-cache.ts";

/** A text is as many tokens as it has characters, at most 8, and its vector says which text it is. */
const vectorOf = (text: string) => [text.length, text.charCodeAt(0)];
const computed = (inputs: readonly string[], { truncate = true } = {}): Computed => {
  const truncated = inputs.flatMap((text, i) => (text.length > 8 ? [i] : []));
  if (truncated.length > 0 && !truncate) throw new NearfoldError("too-large", "too long");
  return {
    vectors: Float32Array.from(inputs.flatMap(vectorOf)),
    counts: inputs.map(({ length }) => Math.min(length, 8)),
    truncated,
    ...{ priority: "bulk", batches: 1, batchTokens: 8 },
    times: { tokenize: 1, queue: 1, run: 1 },
  };
};

interface Ask extends Partial<EmbedRequest> {
  readonly timeoutMs?: number;
  readonly kind?: string;
}

/** A cache before a model that runs when it is told to, and keeps a list of what it ran. */
function cacheOf({ maxBytes = 1e6, ms = 0 } = {}) {
  const cache = new VectorCache({ maxBytes });
  const ran: string[][] = [];
  let fault: NearfoldError | undefined;
  const ask = async (
    texts: readonly string[],
    { timeoutMs = 5000, kind = "a", ...more }: Ask = {},
  ) => {
    const request = { inputs: texts, field: "input", ...more } as EmbedRequest;
    const compute = async ({ inputs, signal, truncate = true }: EmbedRequest) => {
      ran.push(inputs as string[]);
      await sleep(ms, undefined, signal ? { signal } : {}).catch(() => {
        throw new NearfoldError("aborted", "the client went away");
      });
      if (fault) throw fault;
      return computed(inputs as string[], { truncate });
    };
    const deadline = performance.now() + timeoutMs;
    const found = await cache.rowsOf({ request, kind, maxTokens: 8, deadline, compute });
    expect([...found.vectors]).toEqual(texts.flatMap(vectorOf));
    expect(found.counts).toEqual(texts.map(({ length }) => Math.min(length, 8)));
    return found;
  };
  const fail = (with_: NearfoldError | undefined) => {
    fault = with_;
  };
  return { cache, ran, ask, fail };
}

test("what was computed is not computed again; order, tokens and what was cut stay", async () => {
  const { cache, ran, ask } = cacheOf();
  const first = await ask(["one", "two", "one"]);
  expect([first.cached, first.ranTokens]).toEqual([1, 6]);
  const second = await ask(["two", "three hundred", "one"]);
  expect(ran).toEqual([["one", "two"], ["three hundred"]]);
  expect(second).toMatchObject({ cached: 2, ranTokens: 8, truncated: [1] });
  const third = await ask(["three hundred"]);
  expect(third).toMatchObject({ cached: 1, ranTokens: 0, truncated: [0] });
  expect(cache.counts).toEqual({ hits: 3, shared: 1, misses: 3 });
  expect(cache.entries).toBe(3);
});

test("texts of another kind are others", async () => {
  const { ran, ask } = cacheOf();
  await ask(["one"]);
  await ask(["one"], { kind: "b" });
  expect(ran).toEqual([["one"], ["one"]]);
});

test("it holds no more bytes than it may; what was asked for longest goes", async () => {
  const { cache, ran, ask } = cacheOf({ maxBytes: 1000 });
  await ask(["one", "two"]);
  await ask(["one"]);
  await ask(["three"]);
  expect(cache.bytes).toBeLessThanOrEqual(1000);
  await ask(["one"]);
  expect(ran.length).toBe(2);
  await ask(["two"]);
  expect(ran.at(-1)).toEqual(["two"]);
});

test("an answer is the caller's: to write in it changes no other", async () => {
  const { ask } = cacheOf();
  (await ask(["one"])).vectors.fill(7);
  (await ask(["one"])).vectors.fill(7);
  await ask(["one"]);
});

describe("equal texts in flight", () => {
  test("run once", async () => {
    const { cache, ran, ask } = cacheOf({ ms: 20 });
    await Promise.all([ask(["one", "two"]), ask(["two"]), ask(["three", "one"])]);
    expect(ran).toEqual([["one", "two"], ["three"]]);
    expect(cache.counts).toEqual({ hits: 0, shared: 2, misses: 3 });
  });

  test("whose first asker goes away run again for the others", async () => {
    const { ran, ask } = cacheOf({ ms: 30 });
    const controller = new AbortController();
    const gone = ask(["one", "two"], { signal: controller.signal });
    const others = [ask(["one"]), ask(["two", "one"]), ask(["one"])];
    await sleep(5);
    controller.abort();
    await expect(gone).rejects.toMatchObject({ code: "aborted" });
    await Promise.all(others);
    expect(ran.flat().filter((text) => text === "one").length).toBe(2);
  });

  test("are not waited for by who goes away, nor beyond its time", async () => {
    const { ran, ask } = cacheOf({ ms: 60 });
    const first = ask(["one"]);
    const controller = new AbortController();
    const gone = ask(["one"], { signal: controller.signal });
    const late = ask(["one"], { timeoutMs: 20 });
    controller.abort();
    await expect(gone).rejects.toMatchObject({ code: "aborted" });
    await expect(late).rejects.toMatchObject({ code: "timeout" });
    await first;
    expect(ran.length).toBe(1);
  });

  test("of documents are not what a query waits for; documents wait for queries", async () => {
    const { ran, ask } = cacheOf({ ms: 20 });
    const bulk = ask(["one"], { priority: "bulk" });
    const query = ask(["one"], { priority: "interactive" });
    const more = ask(["one"], { priority: "bulk" });
    await Promise.all([bulk, query, more]);
    expect(ran.length).toBe(2);
  });

  test("fail together where the model failed, and are not kept", async () => {
    const { cache, ran, ask, fail } = cacheOf({ ms: 10 });
    fail(new NearfoldError("io", "the model failed twice at this"));
    const asked = [ask(["one"]), ask(["one"])];
    for (const each of asked) await expect(each).rejects.toMatchObject({ code: "io" });
    expect([ran.length, cache.entries]).toEqual([1, 0]);
    fail(undefined);
    await ask(["one"]);
  });

  test("are asked for again where the first was refused for what it is itself", async () => {
    const { ask } = cacheOf({ ms: 10 });
    const strict = ask(["one", "a long one"], { truncate: false });
    const other = ask(["one", "a long one"]);
    await expect(strict).rejects.toMatchObject({ code: "too-large" });
    await other;
  });
});

test("who would rather have an error than a text cut gets it, whatever is kept", async () => {
  const { ask } = cacheOf({ ms: 5 });
  await ask(["a long one", "one"]);
  const asked = ask(["one", "a long one"], { truncate: false });
  await expect(asked).rejects.toMatchObject({ code: "too-large" });
  const [first, second] = [ask(["another one"]), ask(["another one"], { truncate: false })];
  await expect(second).rejects.toMatchObject({ code: "too-large" });
  await first;
});

test("vectors that are not of numbers are not kept", async () => {
  const cache = new VectorCache({ maxBytes: 1e6 });
  const compute = async () => ({ ...computed(["one"]), vectors: Float32Array.of(1, Number.NaN) });
  const request = { inputs: ["one"], field: "input" } as unknown as EmbedRequest;
  const deadline = performance.now() + 1000;
  await cache.rowsOf({ request, kind: "a", maxTokens: 8, deadline, compute });
  expect(cache.entries).toBe(0);
});

test("whoever asks, and whoever goes away: all others get their own vectors, of a text run once at a time", async () => {
  const text = fc.constantFrom("a", "bb", "ccc", "dddd", "eeeee");
  const asks = fc.array(
    fc.record({
      texts: fc.array(text, { minLength: 1, maxLength: 6 }),
      after: fc.nat(6),
      leaves: fc.option(fc.nat(6)),
    }),
    { minLength: 1, maxLength: 12 },
  );
  await fc.assert(
    fc.asyncProperty(asks, fc.constantFrom(450, 1e6), async (all, maxBytes) => {
      const { cache, ask } = cacheOf({ maxBytes, ms: 3 });
      const outcomes = all.map(async ({ texts, after, leaves }) => {
        await sleep(after);
        if (leaves === null) return await ask(texts);
        const signal = AbortSignal.timeout(leaves);
        return await ask(texts, { signal }).catch((error: NearfoldError) => {
          expect(error.code).toBe("aborted");
        });
      });
      await Promise.all(outcomes);
      expect(cache.bytes).toBeLessThanOrEqual(maxBytes);
    }),
    { numRuns: 40 },
  );
});
