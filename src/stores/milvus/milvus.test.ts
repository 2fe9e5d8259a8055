/** What the contract does not ask of every store: Milvus' faults and bounds, and how payloads lie there. */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { whyAbsent } from "../../../test/stores/fetched-servers.ts";
import { type MilvusServer, startMilvus } from "../../../test/stores/milvus-server.ts";
import { type Filter, meets } from "../filter.ts";
import type { Payload } from "../store.ts";
import { openMilvusStore } from "./index.ts";
import { decodePayload, encodePayload } from "./payload-code.ts";

const model = {
  name: "model",
  space: { id: `sha256:${"ab".repeat(32)}`, dims: 2, similarity: "cosine" as const },
};
const east = Float32Array.of(1, 0);
const ones = (ids: readonly unknown[]) => Float32Array.from({ length: 2 * ids.length }, () => 1);

it("a payload comes back from its code as JSON has it", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue(), { noNullPrototype: true }), (object) => {
      const payload = JSON.parse(JSON.stringify(object));
      expect(decodePayload(JSON.parse(JSON.stringify(encodePayload(payload))))).toEqual(payload);
    }),
  );
  expect(decodePayload(encodePayload(undefined))).toBeUndefined();
});

const absent = whyAbsent("milvus");
it.skipIf(absent === undefined)(`Milvus (${absent})`, () => {});

describe.skipIf(absent !== undefined)("Milvus", { timeout: 120_000 }, () => {
  let server: MilvusServer;
  beforeAll(async () => {
    server = await startMilvus();
  }, 60_000);
  afterAll(() => server[Symbol.asyncDispose]());
  let made = 0;
  const fresh = () => server.url({ index: `m${made++}` });

  it.each([
    ["a digit first", "1a"],
    ["a quote", "a'b"],
    ["nothing", ""],
  ])("refuses %s in the name of an index", async (_, index) => {
    const work = openMilvusStore(server.url({ index: encodeURIComponent(index) }), { model });
    await expect(work).rejects.toMatchObject({ code: "bad-argument" });
  });

  it("says that no server answers, without a password", async () => {
    const error = await openMilvusStore("milvus://root:s3cret@127.0.0.1:1", { model }).catch(
      (error) => error,
    );
    expect(error).toMatchObject({ code: "io" });
    expect(`${error.message}${error.stack}${error.cause?.message}`).not.toContain("s3cret");
  });

  it.each([
    ["a NUL in an id", ["a\0b"], [{}], "bad-argument"],
    ["half a surrogate pair", ["a"], [{ text: "\udc00" }], "bad-argument"],
    ["a payload of 64 KiB", ["a"], [{ text: "x".repeat(65_536) }], "too-large"],
    ["an id of 64 KiB", ["a".repeat(65_536)], [{}], "too-large"],
  ])("refuses %s, and keeps nothing of the batch", async (_, ids, payloads, code) => {
    await using store = await openMilvusStore(fresh(), { model });
    const work = store.upsert(["first", ...ids], ones([0, ...ids]), {
      payloads: [{}, ...payloads],
    });
    await expect(work).rejects.toMatchObject({ code });
    expect(await store.count()).toBe(0);
  });

  it("refuses a batch that is more than one message, and more hits than it gives", async () => {
    await using store = await openMilvusStore(fresh(), { model });
    const ids = Array.from({ length: 600 }, (_, i) => `d${i}`);
    const payloads = ids.map(() => ({ text: "x".repeat(60_000) }));
    const work = store.upsert(ids, ones(ids), { payloads });
    await expect(work).rejects.toMatchObject({ code: "too-large" });
    await expect(store.search(east, 20_000)).rejects.toMatchObject({ code: "too-large" });
  });

  it("any text is a query", async () => {
    await using store = await openMilvusStore(fresh(), { model });
    await store.upsert(["a"], east, { payloads: [{ text: "fox's \\den" }] });
    for (const query of ["", " ", "fox' OR 'x", "\\", '"', "\0", "a".repeat(5000), "\ud800"]) {
      expect((await store.searchText(query, 3)).length).toBeLessThanOrEqual(1);
    }
    expect(await store.searchText("zzz OR fox", 3)).toMatchObject([{ id: "a" }]);
  });

  it("filters and ids mean what they say, whatever stands in them", async () => {
    const text = fc.constantFrom(
      "a",
      "%",
      "'",
      '"',
      "\\",
      "\n",
      "\t",
      "é",
      "\u{1F600}",
      '" or ""=="',
    );
    const number = fc.oneof(fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }));
    const value = fc.oneof(text, number, fc.boolean());
    const field = fc.constantFrom("a", "b", "a.b", "__proto__", "a.o", "s");
    const inside = fc.oneof(value, fc.constant(null), fc.array(value, { maxLength: 2 }));
    const payload = fc
      .dictionary(
        fc.constantFrom("a", "b", "s", "__proto__"),
        fc.oneof(inside, fc.record({ b: inside })),
        {
          noNullPrototype: true,
        },
      )
      .map((object) => JSON.parse(JSON.stringify(object)) as Payload);
    const op = fc.constantFrom("eq", "ne", "lt", "lte", "gt", "gte");
    const leaf = fc.oneof(
      fc.record({ field, op, value }),
      fc.record({ field, op: fc.constant("in"), values: fc.array(value, { maxLength: 3 }) }),
      fc.record({ field, op: fc.constant("exists") }),
    ) as fc.Arbitrary<Filter>;
    const filter = fc.oneof(
      leaf,
      leaf.map((not) => ({ not })),
      fc.array(leaf, { maxLength: 3 }).map((and) => ({ and })),
    );
    await using store = await openMilvusStore(fresh(), { model });
    const ids = ["a", 'b"', "c'\\", "d or true"];
    const run = async (payloads: readonly Payload[], filters: readonly Filter[]) => {
      await store.delete(ids);
      expect(await store.count()).toBe(0);
      const there = ids.slice(0, payloads.length);
      await store.upsert(there, ones(there), { payloads });
      expect(await store.get(there)).toEqual(there.map((id, i) => ({ id, payload: payloads[i] })));
      for (const filter of filters) {
        const wanted = there.filter((_, i) => meets(payloads[i], filter));
        expect((await store.list({ filter })).map(({ id }) => id)).toEqual(wanted);
      }
    };
    const payloads = fc.array(payload, { minLength: 1, maxLength: 4 });
    const filters = fc.array(filter, { minLength: 1, maxLength: 6 });
    await fc.assert(fc.asyncProperty(payloads, filters, run), { numRuns: 40 });
  });

  it("loses nothing that was acknowledged when the server is killed, and is written to again", async () => {
    await using own = await startMilvus();
    await using store = await openMilvusStore(own.url(), { model });
    let acknowledged = -1;
    const write = async (n: number) => {
      const ids = Array.from({ length: 50 }, (_, i) => `${n}-${i}`);
      await store.upsert(ids, ones(ids), { payloads: ids.map(() => ({ n })) });
      acknowledged = n;
    };
    const writing = (async () => {
      for (let n = 0; ; n++) await write(n);
    })();
    const failed = expect(writing).rejects.toMatchObject({ name: "NearfoldError" });
    while (acknowledged < 5) await new Promise((resolve) => setTimeout(resolve, 5));
    await own.kill();
    await failed;
    await own.start();
    {
      await using again = await openMilvusStore(own.url(), { model });
      const rows = new Set((await again.list({ limit: 10_000 })).map(({ id }) => id));
      for (let n = 0; n <= acknowledged; n++) expect(rows.has(`${n}-49`)).toBe(true);
      expect(await again.count()).toBe(rows.size);
    }
    const last = acknowledged + 1;
    await write(last);
    expect(await store.count()).toBe(50 * (last + 1));
  });
});
