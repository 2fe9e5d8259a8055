/** What the contract does not ask of every store: PostgreSQL's faults, and its graph. */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { whyAbsent } from "../../../test/stores/fetched-servers.ts";
import { type PostgresServer, startPostgres } from "../../../test/stores/postgres-server.ts";
import { sequence } from "../../graph/rng.ts";
import { type Filter, meets } from "../filter.ts";
import { keptAsTheyAre } from "../kept.ts";
import type { Payload } from "../store.ts";
import { openPostgresStore } from "./index.ts";

const modelOf = (dims: number) => ({
  name: "model",
  space: { id: `sha256:${"ab".repeat(32)}`, dims, similarity: "cosine" as const },
});
const model = modelOf(2);
const east = Float32Array.of(1, 0);
const ones = (ids: readonly unknown[]) => Float32Array.from({ length: 2 * ids.length }, () => 1);

const absent = whyAbsent("postgres");
it.skipIf(absent === undefined)(`PostgreSQL (${absent})`, () => {});

describe.skipIf(absent !== undefined)("PostgreSQL", () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server[Symbol.asyncDispose]());
  let made = 0;
  const fresh = () => server.url({ index: `p${made++}` });

  describe("a reference", () => {
    it.each([
      ["a semicolon", "a;drop"],
      ["a quote", 'a"b'],
      ["a dot", "a.b"],
      ["nothing", ""],
      ["49 letters", "a".repeat(49)],
      ["the name of the table of records", "indexes"],
    ])("with %s for an index is refused", async (_, index) => {
      const work = openPostgresStore(server.url({ index: encodeURIComponent(index) }), { model });
      await expect(work).rejects.toMatchObject({ code: "bad-argument" });
    });

    it.each(["9", "1001", "many", "1.5"])("with %s candidates is refused", async (candidates) => {
      const work = openPostgresStore(`${server.url()}?candidates=${candidates}`, { model });
      await expect(work).rejects.toMatchObject({ code: "bad-argument" });
    });

    it("with a wrong password is refused without a word of it", async () => {
      const wrong = `postgres://postgres:s3cret@127.0.0.1:${server.port}/postgres`;
      const error = await openPostgresStore(wrong, { model }).catch((error) => error);
      expect(error).toMatchObject({ code: "forbidden" });
      const all = `${error.message}${error.stack}${JSON.stringify(error)}${error.cause?.message}`;
      expect(all).not.toContain("s3cret");
    });

    it.each([
      ["no such database", "not-found", () => server.url({ database: "nowhere" })],
      ["no server", "io", () => "postgres://postgres:s3cret@127.0.0.1:1/postgres"],
      ["no such host", "io", () => "postgres://postgres:s3cret@nowhere.invalid/postgres"],
    ])("to %s says so", async (_, code, reference) => {
      const error = await openPostgresStore(reference(), { model }).catch((error) => error);
      expect(error).toMatchObject({ code });
      expect(error.message).not.toContain("s3cret");
    });

    it("names the store without its password", async () => {
      await using store = await openPostgresStore(fresh(), { model });
      expect(store.name).toMatch(/^postgres:\/\/postgres@127\.0\.0\.1:\d+\/postgres\?index=p\d+$/);
    });
  });

  it("without pgvector says whom to ask, and makes nothing", async () => {
    await server.query("CREATE ROLE plain LOGIN PASSWORD 'plain'");
    await server.query("CREATE DATABASE bare");
    const reference = `postgres://plain:plain@127.0.0.1:${server.port}/bare`;
    const error = await openPostgresStore(reference, { model }).catch((error) => error);
    expect(error).toMatchObject({ code: "forbidden" });
    expect(error.message).toContain("Ask its administrator for CREATE EXTENSION vector");
    const made = await server.query("SELECT FROM pg_namespace WHERE nspname = 'nearfold'", "bare");
    expect(made).toEqual([]);
  });

  it("refuses more than 4,000 dimensions, and formats", async () => {
    const wide = openPostgresStore(fresh(), { model: modelOf(4001) });
    await expect(wide).rejects.toThrow("at most 4000");
    const { search } = keptAsTheyAre(modelOf(4).space);
    const kept = {
      search: { ...search, format: { type: "float32", dims: 2 } },
      multiplier: 4,
    } as const;
    const cut = openPostgresStore(fresh(), { model: modelOf(4), kept });
    await expect(cut).rejects.toMatchObject({ code: "unsupported" });
  });

  it.each([
    ["a NUL in an id", ["a\0b"], [{}], "bad-argument"],
    ["a NUL in a payload", ["a"], [{ deep: ["x\0"] }], "bad-argument"],
    ["half a surrogate pair", ["a"], [{ text: "\ud800" }], "bad-argument"],
    ["an id of 2,601 bytes", ["é".repeat(1301)], [{}], "too-large"],
  ])("refuses %s, and keeps nothing of the batch", async (_, ids, payloads, code) => {
    await using store = await openPostgresStore(fresh(), { model });
    const work = store.upsert(["first", ...ids], ones([0, ...ids]), {
      payloads: [{}, ...payloads],
    });
    await expect(work).rejects.toMatchObject({ code });
    expect(await store.count()).toBe(0);
  });

  it("keeps what looks like an escape and is none, and keys that look like something else", async () => {
    await using store = await openPostgresStore(fresh(), { model });
    const payload = JSON.parse('{"__proto__": {"x": 1}, "a": "\\\\u0000 \\\\ud800", "": [true]}');
    await store.upsert(["a"], east, { payloads: [payload] });
    expect(JSON.stringify((await store.get(["a"]))[0]!.payload)).toContain("__proto__");
    expect(await store.get(["a"])).toEqual([{ id: "a", payload }]);
    expect(await store.count({ filter: { field: "__proto__.x", op: "eq", value: 1 } })).toBe(1);
  });

  it("a large batch goes in whole, or not at all", async () => {
    await using store = await openPostgresStore(fresh(), { model });
    const ids = Array.from({ length: 5000 }, (_, i) => `d${i}`);
    const payloads = ids.map((id) => ({ text: id.repeat(600) }));
    await store.upsert(ids, ones(ids), { payloads });
    expect(await store.count()).toBe(5000);
    expect((await store.get(["d4999"]))[0]!.payload).toEqual(payloads[4999]);
  });

  it("a text longer than the index of words takes is kept, and found by its beginning", async () => {
    await using store = await openPostgresStore(fresh(), { model });
    const text = Array.from({ length: 300_000 }, (_, i) => `w${i.toString(36)}`).join(" ");
    await store.upsert(["a"], east, { payloads: [{ text }] });
    expect(await store.searchText("w5", 1)).toMatchObject([{ id: "a" }]);
    expect(await store.searchText(`w${(299_999).toString(36)}`, 1)).toEqual([]);
  });

  it("any text is a query, and none is more than words", async () => {
    await using store = await openPostgresStore(fresh(), { model });
    await store.upsert(["a"], east, { payloads: [{ text: "fox's \\den" }] });
    const hostile = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.constantFrom("fox' | 'x", "a & !b", "\\", "'", "fox:*", "<->", "\0", "((", "fox\\'"),
    );
    const run = async (query: string) => {
      const hits = await store.searchText(query, 3);
      expect(hits.length).toBeLessThanOrEqual(1);
    };
    await fc.assert(fc.asyncProperty(hostile, run), { numRuns: 100 });
    expect(await store.searchText("zzz ' OR fox --", 3)).toMatchObject([{ id: "a" }]);
  });

  it("filters mean what they say of strange payloads, order included", async () => {
    const word = fc.oneof(
      fc.constantFrom("a", "%", "_", "'", '"', "\\", "\n", "\t", "é", "\u{1F600}", "\uffff", "$.a"),
      fc.string({ unit: "grapheme", maxLength: 3 }),
    );
    const text = word.map((word) => word.toWellFormed().replaceAll("\0", ""));
    const value = fc.oneof(text, fc.double({ noNaN: true, noDefaultInfinity: true }), fc.boolean());
    const field = fc.constantFrom("a", "b", "a.b", "__proto__", "a.0", "toString");
    const inside = fc.oneof(value, fc.constant(null), fc.array(value, { maxLength: 2 }));
    const payload = fc
      .dictionary(
        fc.constantFrom("a", "b", "__proto__"),
        fc.oneof(inside, fc.record({ b: inside, 0: value })),
        { noNullPrototype: true },
      )
      .map((object) => JSON.parse(JSON.stringify(object)) as Payload);
    const op = fc.constantFrom("eq", "ne", "lt", "lte", "gt", "gte");
    const leaf = fc.oneof(
      fc.record({ field, op, value: fc.oneof(value, fc.constantFrom("a\0b", "\0")) }),
      fc.record({ field, op: fc.constant("in"), values: fc.array(value, { maxLength: 3 }) }),
      fc.record({ field, op: fc.constant("exists") }),
    ) as fc.Arbitrary<Filter>;
    const filter = fc.oneof(
      leaf,
      leaf.map((not) => ({ not })),
      fc.array(leaf, { maxLength: 3 }).map((and) => ({ and })),
    );
    await using store = await openPostgresStore(fresh(), { model });
    const run = async (payloads: readonly Payload[], filters: readonly Filter[]) => {
      const ids = payloads.map((_, i) => `r${i}`);
      await store.delete(["r0", "r1", "r2", "r3"]);
      await store.upsert(ids, ones(ids), { payloads });
      for (const filter of filters) {
        const wanted = ids.filter((_, i) => meets(payloads[i], filter));
        expect((await store.list({ filter })).map(({ id }) => id)).toEqual(wanted);
      }
    };
    const payloads = fc.array(payload, { minLength: 1, maxLength: 4 });
    const filters = fc.array(filter, { minLength: 1, maxLength: 6 });
    await fc.assert(fc.asyncProperty(payloads, filters, run), { numRuns: 60 });
  });

  it("two that begin, and two that write the same rows, are both right", async () => {
    const reference = fresh();
    const [one, two] = await Promise.all([
      openPostgresStore(reference, { model }),
      openPostgresStore(reference, { model }),
    ]);
    await using _one = one;
    await using _two = two;
    const ids = Array.from({ length: 300 }, (_, i) => `d${i}`);
    const write = async (store: typeof one, n: number) => {
      for (let round = 0; round < 5; round++) {
        const order = round % 2 === 0 ? ids : ids.toReversed();
        await store.upsert(order, ones(ids), { payloads: ids.map(() => ({ n, round })) });
        await store.delete(order.slice(0, 100));
      }
      await store.upsert(ids, ones(ids), { payloads: ids.map(() => ({ n, round: 5 })) });
    };
    await Promise.all([write(one, 1), write(two, 2)]);
    const rows = await one.list({ limit: 1000 });
    expect(rows).toHaveLength(300);
    // The last batch is whole: nothing of the other's is in it.
    expect(new Set(rows.map(({ payload }) => JSON.stringify(payload))).size).toBe(1);
  });

  it("a signal stops a search that runs", async () => {
    await using store = await openPostgresStore(fresh(), { model });
    const ids = Array.from({ length: 3000 }, (_, i) => `d${i}`);
    await store.upsert(ids, ones(ids));
    const many = Float32Array.from({ length: 2 * 20_000 }, () => 1);
    const work = store.search(many, 10, { signal: AbortSignal.timeout(100) });
    await expect(work).rejects.toMatchObject({ code: "aborted" });
    expect(await store.count()).toBe(3000);
    const reading = async () => {
      const controller = new AbortController();
      for await (const _ of store.rows({ signal: controller.signal })) controller.abort();
    };
    await expect(reading()).rejects.toMatchObject({ code: "aborted" });
    for await (const { id } of store.rows()) if (id !== "") break;
    expect(await store.count()).toBe(3000);
  });

  it("an index that another version wrote, or opened for reading, is not written", async () => {
    const reference = fresh();
    await (await openPostgresStore(reference, { model }))[Symbol.asyncDispose]();
    {
      await using store = await openPostgresStore(reference, { access: "read" });
      await expect(store.upsert(["a"], east)).rejects.toMatchObject({ code: "bad-argument" });
      await expect(store.delete(["a"])).rejects.toMatchObject({ code: "bad-argument" });
    }
    await server.query(
      "UPDATE nearfold.indexes SET version = 9 WHERE name = 'p' || (SELECT max(substr(name, 2)::int) FROM nearfold.indexes)",
    );
    await expect(openPostgresStore(reference)).rejects.toMatchObject({ code: "unsupported" });
  });

  describe("with a graph", { timeout: 120_000 }, () => {
    const [rows, dims] = [12_000, 64];
    it("finds nearly all, filtered too, and all where a filter leaves few", async () => {
      const reference = fresh();
      await using store = await openPostgresStore(reference, { model: modelOf(dims) });
      const next = sequence(1);
      const vectors = Float32Array.from({ length: rows * dims }, () => 2 * next() - 1);
      const ids = Array.from({ length: rows }, (_, i) => `d${i}`);
      const payloads = ids.map((_, n) => ({ n, even: n % 2 === 0, rare: n % 4000 === 7 }));
      await store.upsert(ids, vectors, { payloads });
      const queries = vectors.subarray(0, 20 * dims);
      const filters: readonly (Filter | undefined)[] = [
        undefined,
        { field: "even", op: "eq", value: true },
        { field: "n", op: "lt", value: 600 },
        { field: "rare", op: "eq", value: true },
      ];
      const search = () =>
        Promise.all(filters.map((filter) => store.search(queries, 10, { filter })));
      const exact = await search();
      const shares: number[] = [];
      await Promise.all([
        store.optimize({ onProgress: (share) => shares.push(share) }),
        store.upsert(["late"], vectors.subarray(0, dims), { payloads: [{ n: -1 }] }),
      ]);
      await store.delete(["late"]);
      expect(shares.at(-1)).toBe(1);
      const found = await search();
      filters.forEach((_, which) => {
        const overlap = exact[which].map((hits, i) => {
          const ids = new Set(found[which][i].map(({ id }) => id));
          return hits.filter(({ id }) => ids.has(id)).length / hits.length;
        });
        expect(overlap.reduce((a, b) => a + b) / overlap.length).toBeGreaterThan(0.97);
      });
      expect(found[3].every((hits) => hits.length === 3)).toBe(true);
      const [all] = await store.search(queries.subarray(0, dims), 600, { offset: 300 });
      expect(all).toHaveLength(600);
      const table = `nearfold."${new URL(reference).searchParams.get("index")}"`;
      const vector = `'[${queries.subarray(0, dims)}]'`;
      const plan = `EXPLAIN SELECT id FROM ${table} ORDER BY vector <#> ${vector} LIMIT 10`;
      expect(JSON.stringify(await server.query(plan))).toContain(".graph");
      await store.optimize();
    });
  });

  describe("a server that goes away", { timeout: 120_000 }, () => {
    it("loses nothing that was acknowledged, doubles nothing, and is written to again", async () => {
      await using own = await startPostgres();
      await using store = await openPostgresStore(own.url(), { model });
      let acknowledged = -1;
      const batch = (n: number) => Array.from({ length: 200 }, (_, i) => `${n}-${i}`);
      const write = async (n: number) => {
        const ids = batch(n);
        await store.upsert(ids, ones(ids), { payloads: ids.map(() => ({ n })) });
        acknowledged = n;
      };
      const writing = (async () => {
        for (let n = 0; ; n++) await write(n);
      })();
      const failed = expect(writing).rejects.toMatchObject({ code: "io" });
      while (acknowledged < 5) await new Promise((resolve) => setTimeout(resolve, 5));
      await own.kill();
      await failed;
      await expect(store.count()).rejects.toMatchObject({ code: "io" });
      await own.start();
      const count = await store.count();
      // What was under way when it went is there whole or not at all.
      expect([200 * (acknowledged + 1), 200 * (acknowledged + 2)]).toContain(count);
      const last = acknowledged + 1;
      await write(last);
      expect(await store.count()).toBe(200 * (last + 1));
      const [hits] = await store.search(east, 5);
      expect(hits).toHaveLength(5);
    });
  });
});
