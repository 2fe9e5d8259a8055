/** The contract of a vector store: every entry of the registry passes all of it. */
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NearfoldError } from "../src/errors.ts";
import { sequence } from "../src/graph/rng.ts";
import type { Named, Space } from "../src/space.ts";
import {
  copyStore,
  type Filter,
  type Kept,
  meets,
  openStore,
  type Payload,
  type Stored,
  searchHybrid,
  stores,
  type VectorStore,
} from "../src/stores/index.ts";
import { unitRows } from "../src/tensor/rows.ts";
import {
  calibrateScheme,
  fitScheme,
  keepVectors,
  parseScheme,
  searchKept,
} from "../src/vectors/index.ts";
import { places } from "./stores/places.ts";
import { temporaryFolder } from "./temporary.ts";

const id = `sha256:${"ab".repeat(32)}`;
const modelOf = (dims: number, similarity: Space["similarity"] = "cosine"): Named<Space> => ({
  name: "model",
  space: { id, dims, similarity },
});
const vectors = (...rows: readonly (readonly number[])[]) => Float32Array.from(rows.flat());
const random = (length: number, seed: number) => {
  const next = sequence(seed);
  return Float32Array.from({ length }, () => 2 * next() - 1);
};
const idsOf = (hits: readonly { readonly id: string }[] | undefined) => hits?.map((hit) => hit.id);

const kinds = Object.entries(stores) as [keyof typeof stores, (typeof stores)["memory"]][];
const atHand = kinds.filter(([kind]) => places[kind].absent === undefined);
const absent = kinds.filter(([kind]) => places[kind].absent !== undefined);

it("a reference of no kind is refused, and its password is not shown", async () => {
  const opening = openStore("ftp://me:secret@host/index");
  await expect(opening).rejects.toMatchObject({ code: "unsupported" });
  await expect(opening).rejects.not.toThrow("secret");
});

it.skip.each(absent.map(([kind]) => [kind, places[kind].absent]))("a store: %s (%s)", () => {});

describe.each(atHand)("a store: %s", (kind, { open, persistent, formats }) => {
  const { fresh, atol } = places[kind];
  const withStore = async (model: Named<Space>, use: (store: VectorStore) => Promise<void>) => {
    await using place = await fresh();
    await using store = await open(place.reference, { model });
    await use(store);
  };

  it("is empty at first, and knows its space", () =>
    withStore(modelOf(2), async (store) => {
      expect(await store.count()).toBe(0);
      expect(await store.search(vectors([1, 0]), 3)).toEqual([[]]);
      expect(await store.get(["a"])).toEqual([undefined]);
      expect(store.space).toEqual(modelOf(2).space);
    }));

  it.each([
    ["cosine", [0.6, 1], ["b", "a"]],
    ["dot", [3, 1], ["a", "b"]],
  ] as const)("compares by %s", (similarity, scores, order) =>
    withStore(modelOf(2, similarity), async (store) => {
      await store.upsert(["a", "b"], vectors([3, 4], [1, 0]));
      const [hits] = await store.search(vectors([1, 0]), 2);
      expect(idsOf(hits)).toEqual(order);
      const score = (wanted: string) => hits.find((hit) => hit.id === wanted)!.score;
      expect([score("a"), score("b")]).toBeClose(scores, { rtol: atol });
    }),
  );

  it("gives payloads back, with hits and by id", () =>
    withStore(modelOf(1), async (store) => {
      await store.upsert(["a"], vectors([1]), { payloads: [{ text: "é\n", tags: [1, null] }] });
      await store.upsert(["b"], vectors([-1]));
      const a = { id: "a", payload: { text: "é\n", tags: [1, null] } };
      expect(await store.get(["b", "a"])).toEqual([{ id: "b" }, a]);
      const [hits] = await store.search(vectors([2]), 9);
      expect(hits).toEqual([
        { ...a, score: expect.closeTo(1) },
        { id: "b", score: expect.closeTo(-1) },
      ]);
    }));

  it("puts equal scores in the order of the ids", () =>
    withStore(modelOf(2), async (store) => {
      await store.upsert(["z", "y"], vectors([1, 0], [2, 0]));
      await store.upsert(["a"], vectors([4, 0]));
      const [hits] = await store.search(vectors([1, 0]), 3);
      expect(idsOf(hits)).toEqual(["a", "y", "z"]);
    }));

  it("replaces what is put in again", () =>
    withStore(modelOf(2), async (store) => {
      await store.upsert(["a", "b"], vectors([1, 0], [1, 0]), { payloads: [{ n: 1 }, { n: 2 }] });
      await store.upsert(["a"], vectors([2, 0]), { payloads: [{ n: 3 }] });
      expect(await store.count()).toBe(2);
      const [hits] = await store.search(vectors([1, 0]), 9);
      expect(hits).toEqual([
        { id: "a", score: expect.closeTo(1), payload: { n: 3 } },
        { id: "b", score: expect.closeTo(1), payload: { n: 2 } },
      ]);
    }));

  it("deletes what is there", () =>
    withStore(modelOf(2), async (store) => {
      await store.upsert(["a", "b", "c"], vectors([1, 0], [1, 0], [0, 1]));
      expect(await store.delete(["b", "nobody", "b"])).toBe(1);
      expect(await store.count()).toBe(2);
      expect(idsOf((await store.search(vectors([1, 0]), 9))[0])).toEqual(["a", "c"]);
      await store.upsert(["b"], vectors([1, 0]));
      expect(idsOf((await store.search(vectors([1, 0]), 9))[0])).toEqual(["a", "b", "c"]);
    }));

  const bytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));
  const collect = async (rows: AsyncIterable<Stored>) => {
    const all: Stored[] = [];
    for await (const row of rows) all.push(row);
    return all.sort((a, b) => bytes(a.id, b.id));
  };

  it("gives vectors back where they are asked for", () =>
    withStore(modelOf(2), async (store) => {
      await store.upsert(["a", "b"], vectors([3, 4], [0, 2]), { payloads: [{ n: 1 }, {}] });
      const wanted = [
        [0.6, 0.8],
        [0, 1],
      ];
      const there = [
        await store.get(["a", "b"], { vectors: true }),
        await store.list({ vectors: true }),
        await collect(store.rows({ vectors: true })),
      ];
      for (const rows of there) {
        expect(rows.map((row) => row?.id)).toEqual(["a", "b"]);
        rows.forEach((row, i) => {
          expect([...row!.vector!]).toBeClose(wanted[i], { atol: 1e-3 });
        });
      }
      expect((await store.list())[0]).toEqual({ id: "a", payload: { n: 1 } });
    }));

  it("gives its rows page by page, in the order of their ids", () =>
    withStore(modelOf(1), async (store) => {
      const ids = ["b", "a", "é", "z", "\u{1F600}", "\uFFFD", "a'b", "A", "10", "9"];
      const payloads = ids.map((_, n) => ({ even: n % 2 === 0 }));
      await store.upsert(
        ids,
        Float32Array.from(ids, () => 1),
        { payloads },
      );
      const pages = async (filter?: Filter) => {
        const seen: string[] = [];
        for (let after: string | undefined; ; ) {
          const page = await store.list({ after, limit: 3, filter });
          seen.push(...page.map(({ id }) => id));
          if (page.length < 3) return seen;
          after = page.at(-1)!.id;
        }
      };
      expect(await pages()).toEqual(ids.toSorted(bytes));
      const even = ids.filter((_, n) => n % 2 === 0).sort(bytes);
      expect(await pages({ field: "even", op: "eq", value: true })).toEqual(even);
      await expect(store.list({ limit: 0 })).rejects.toMatchObject({ code: "bad-argument" });
    }));

  it("shows hits page by page too", () =>
    withStore(modelOf(1, "dot"), async (store) => {
      const ids = ["a", "b", "c", "d", "e"];
      const payloads = ids.map((id) => ({ text: `a word ${id}${id}` }));
      await store.upsert(ids, vectors([5, 4, 3, 2, 1]), { payloads });
      const [second] = await store.search(vectors([1]), 2, { offset: 2 });
      expect(idsOf(second)).toEqual(["c", "d"]);
      const all = await store.searchText("word", 5);
      expect(idsOf(await store.searchText("word", 2, { offset: 2 }))).toEqual(
        idsOf(all.slice(2, 4)),
      );
    }));

  it("reads all rows in the state of the call, whatever is written meanwhile", () =>
    withStore(modelOf(1), async (store) => {
      const ids = Array.from({ length: 50 }, (_, i) => `d${i}`);
      await store.upsert(
        ids,
        Float32Array.from(ids, () => 1),
      );
      const rows = store.rows()[Symbol.asyncIterator]();
      const seen = [(await rows.next()).value!.id];
      await store.delete(ids.slice(10));
      await store.upsert(["new"], vectors([1]));
      for (let next = await rows.next(); !next.done; next = await rows.next()) {
        seen.push(next.value.id);
      }
      expect(seen.sort()).toEqual(ids.toSorted());
      expect(await collect(store.rows())).toHaveLength(11);
    }));

  describe("filters", () => {
    const rows: readonly Payload[] = [
      { year: 1999, lang: "en", nested: { tag: "a" }, ok: true },
      { year: 2005.5, lang: "de", nested: { tag: "b" }, ok: false },
      { year: "1999", lang: "En", other: null },
      { year: -3, lang: 'it\'s "quoted"; -- \\ %_', list: [1, 2] },
      {},
      { text: "the lazy dog", lang: "é\u{1F600}" },
    ];
    const ids = rows.map((_, i) => `r${i}`);
    const all = Float32Array.from(rows, () => 1);
    const value = fc.oneof(
      fc.constantFrom(
        1999,
        2005.5,
        -3,
        0,
        1e300,
        "1999",
        "en",
        "de",
        "d",
        "",
        "En",
        "é",
        true,
        false,
      ),
      fc.constantFrom(rows[3].lang as string, "' OR 1=1 --", "$.year", '"', "\\", "null", "a"),
    );
    const field = fc.constantFrom(
      "year",
      "lang",
      "nested.tag",
      "nested",
      "ok",
      "other",
      "list",
      "none",
      "text",
      "__proto__",
      "constructor",
    );
    const op = fc.constantFrom("eq", "ne", "lt", "lte", "gt", "gte");
    // Order is checked on plain strings: where a string holds quotes, databases differ.
    const plain = fc.constantFrom<string | number>(
      1999,
      2005.5,
      -3,
      0,
      "1999",
      "en",
      "de",
      "d",
      "",
      "En",
    );
    const leaf: fc.Arbitrary<Filter> = fc.oneof(
      fc.record({ field, op: fc.constantFrom("eq", "ne"), value }),
      fc.record({ field: fc.constantFrom("year", "nested.tag", "ok", "none"), op, value: plain }),
      fc.record({
        field,
        op: fc.constant("in" as const),
        values: fc.array(value, { maxLength: 3 }),
      }),
      fc.record({ field, op: fc.constant("exists" as const) }),
    ) as fc.Arbitrary<Filter>;
    const { filter } = fc.letrec<{ filter: Filter }>((tie) => ({
      filter: fc.oneof(
        { maxDepth: 3 },
        leaf,
        fc.record({ not: tie("filter") }),
        fc.record({ and: fc.array(tie("filter"), { maxLength: 3 }) }),
        fc.record({ or: fc.array(tie("filter"), { maxLength: 3 }) }),
      ),
    }));

    it("mean what they say, whatever stands in them", () =>
      withStore(modelOf(1), async (store) => {
        await store.upsert(ids, all, { payloads: rows });
        const run = async (filter: Filter) => {
          const wanted = ids.filter((_, i) => meets(rows[i], filter));
          expect(idsOf(await store.list({ filter }))).toEqual(wanted);
          expect(await store.count({ filter })).toBe(wanted.length);
          const [hits] = await store.search(vectors([1]), 9, { filter });
          expect(idsOf(hits)).toEqual(wanted);
        };
        await fc.assert(fc.asyncProperty(filter, run), { numRuns: 60 });
      }));

    it("hold for keywords, and for rows as they pass by", () =>
      withStore(modelOf(1), async (store) => {
        const payloads = [
          { text: "a red fox", n: 1 },
          { text: "a grey fox", n: 2 },
        ];
        await store.upsert(["a", "b"], vectors([1], [1]), { payloads });
        const second: Filter = { field: "n", op: "gte", value: 2 };
        expect(idsOf(await store.searchText("fox", 9, { filter: second }))).toEqual(["b"]);
        expect(idsOf(await collect(store.rows({ filter: second })))).toEqual(["b"]);
      }));

    it.each([
      ["a name that is none", { field: "a' OR 1=1 --", op: "eq", value: 1 }],
      ["no operator", { field: "a", op: "like", value: "x" }],
      ["a list as a value", { field: "a", op: "eq", value: [1] }],
      ["what is not finite", { field: "a", op: "lt", value: Number.NaN }],
      ["nothing", null],
      ["a thousand and one", { or: Array(1001).fill({ field: "a", op: "exists" }) }],
    ])("refuses %s", (_, wrong) =>
      withStore(modelOf(1), async (store) => {
        const filter = wrong as Filter;
        for (const work of [
          () => store.search(vectors([1]), 1, { filter }),
          () => store.searchText("a", 1, { filter }),
          () => store.list({ filter }),
          () => store.count({ filter }),
        ]) {
          await expect(work()).rejects.toMatchObject({ code: "bad-argument" });
        }
      }),
    );
  });

  describe("keywords", () => {
    const texts = [
      "The quick brown fox jumps over the lazy dog",
      "A treatise on the boundary layer of a flat plate",
      "Foxes are omnivores; a fox eats nearly everything",
      "Nothing to see",
    ];
    const fill = async (store: VectorStore) => {
      const ids = texts.map((_, i) => `t${i}`);
      const rows = Float32Array.from({ length: 2 * texts.length }, (_, i) => Math.cos(i));
      await store.upsert([...ids, "none"], Float32Array.of(...rows, 1, 0), {
        payloads: [...texts.map((text) => ({ text })), {}],
      });
    };

    it("find the texts that hold them, the best first", () =>
      withStore(modelOf(2), async (store) => {
        await fill(store);
        for (let time = 0; time < 2; time++) {
          expect(idsOf(await store.searchText("boundary plate", 9))).toEqual(["t1"]);
          expect(idsOf(await store.searchText("fox", 9))).toContain("t0");
          expect(await store.searchText("zebra", 9)).toEqual([]);
          const [hit] = await store.searchText("lazy", 1);
          expect(hit).toEqual({ id: "t0", score: expect.any(Number), payload: { text: texts[0] } });
          await store.optimize();
        }
        await store.delete(["t1"]);
        expect(await store.searchText("boundary", 9)).toEqual([]);
        await store.upsert(["t3"], vectors([1, 1]), { payloads: [{ text: "a new boundary" }] });
        expect(idsOf(await store.searchText("boundary", 9))).toEqual(["t3"]);
      }));

    it.each([
      "",
      " ",
      "'",
      '"fox',
      "fox & | ! ( )",
      "fox:*",
      "fox' OR 1=1 --",
      "+fox -dog",
      "\\",
      "%",
      "*",
      "fox AND",
      "text:fox",
      "\u{1F600} \uFFFF",
      "<->",
      "fox ".repeat(500),
    ])("are words, whatever else stands in the query: %j", (query) =>
      withStore(modelOf(2), async (store) => {
        await fill(store);
        const ids = idsOf(await store.searchText(query, 9))!;
        if (query.includes("fox")) expect(ids).toContain("t0");
        expect(ids).not.toContain("none");
      }),
    );

    it("and vectors are searched as one", () =>
      withStore(modelOf(2), async (store) => {
        await store.upsert(
          ["near", "word", "both", "far"],
          vectors([1, 0], [-1, 0], [1, 0.1], [-1, 1]),
          {
            payloads: [{ text: "x" }, { text: "fox" }, { text: "fox fox" }, { text: "y" }],
          },
        );
        const query = { text: "fox", vector: vectors([1, 0]) };
        const hits = await searchHybrid(store, query, 3);
        expect(hits[0]).toMatchObject({ id: "both", vectorRank: 2 });
        expect(hits[0].score).toBeCloseTo(1 / 62 + 1 / (60 + hits[0].textRank!), 10);
        const words = await searchHybrid(store, query, 2, { weights: { vector: 0 } });
        expect(idsOf(words)!.toSorted()).toEqual(["both", "word"]);
        const near = await searchHybrid(store, query, 4, { weights: { text: 0 } });
        expect(idsOf(near)!.slice(0, 2)).toEqual(["near", "both"]);
      }));
  });

  it("is copied into another, and goes on where a copy was stopped", () =>
    withStore(modelOf(2), async (store) => {
      await store.upsert(["a", "b"], vectors([3, 4], [0, 2]), {
        payloads: [{ text: "x", n: 1 }, {}],
      });
      await store.upsert(["c"], vectors([1, 0]));
      await using folder = await temporaryFolder();
      const target = join(folder.path, "copy");
      expect(await copyStore(store, target)).toBe(3);
      await store.upsert(["d"], vectors([1, 1]));
      expect(await copyStore(store, target)).toBe(4);
      await using copy = await openStore(target, { access: "read" });
      expect([copy.space, copy.notes]).toEqual([store.space, store.notes]);
      const [before, after] = [
        await collect(store.rows({ vectors: true })),
        await collect(copy.rows({ vectors: true })),
      ];
      expect(after.map(({ id, payload }) => ({ id, payload }))).toEqual(
        before.map(({ id, payload }) => ({ id, payload })),
      );
      for (const [i, { vector }] of after.entries()) {
        expect([...vector!]).toBeClose([...before[i].vector!], { atol: 1e-3 });
      }
      await store.delete(["a"]);
      await expect(copyStore(store, target)).rejects.toMatchObject({ code: "exists" });
      for (const itself of [target, `${target}/`, join(target, ".")]) {
        await expect(copyStore(copy, itself)).rejects.toMatchObject({ code: "bad-argument" });
      }
    }));

  it("gives rows without their payloads where these are not asked for", () =>
    withStore(modelOf(2), async (store) => {
      await store.upsert(["a"], vectors([3, 4]), { payloads: [{ text: "x", n: 1 }] });
      const filter = { field: "n", op: "eq", value: 1 } as const;
      expect(await collect(store.rows({ payloads: false, filter }))).toEqual([{ id: "a" }]);
      const [{ vector, ...bare }] = await collect(store.rows({ payloads: false, vectors: true }));
      expect(bare).toEqual({ id: "a" });
      expect([...vector!]).toBeClose([0.6, 0.8], { atol: 1e-3 });
    }));

  it("is as right after it was optimized", () =>
    withStore(modelOf(2), async (store) => {
      await store.upsert(["a", "b", "c"], vectors([1, 0], [0, 1], [1, 1]));
      await store.optimize();
      await store.delete(["a"]);
      await store.upsert(["b", "d"], vectors([1, 0.1], [1, 0]));
      await store.optimize();
      expect(idsOf((await store.search(vectors([1, 0]), 9))[0])).toEqual(["d", "b", "c"]);
      expect(await store.count()).toBe(3);
    }));

  it("keeps any payload as it is", () =>
    withStore(modelOf(1), async (store) => {
      const json = fc.dictionary(
        fc
          .string({ unit: "grapheme", maxLength: 8 })
          .filter((key) => !key.includes("\0") && key !== "__proto__"),
        fc.jsonValue({ maxDepth: 2 }).filter((value) => !JSON.stringify(value).includes("\\u0000")),
        { maxKeys: 4 },
      );
      const run = async (payloads: Payload[]) => {
        const ids = payloads.map((_, i) => `p${i}`);
        await store.upsert(
          ids,
          Float32Array.from(ids, () => 1),
          { payloads },
        );
        const found = await store.get(ids);
        const wanted = payloads.map((payload) => JSON.parse(JSON.stringify(payload)));
        expect(found.map((row) => row?.payload)).toEqual(wanted);
      };
      await fc.assert(fc.asyncProperty(fc.array(json, { minLength: 1, maxLength: 3 }), run), {
        numRuns: 40,
      });
    }));

  it("finds what a plain loop finds, over many blocks", () =>
    withStore(modelOf(600), async (store) => {
      const [dims, rows, queries] = [600, 1300, 3];
      const all = random(rows * dims, 1);
      const asked = random(queries * dims, 2);
      for (let row = 0; row < rows; row += 500) {
        const end = Math.min(row + 500, rows);
        const ids = Array.from({ length: end - row }, (_, i) => String(row + i));
        await store.upsert(ids, all.subarray(row * dims, end * dims));
      }
      const unit = (of: Float32Array, row: number) => {
        const vector = Array.from(of.subarray(row * dims, (row + 1) * dims));
        const length = Math.hypot(...vector);
        return vector.map((value) => value / length);
      };
      const documents = Array.from({ length: rows }, (_, row) => unit(all, row));
      const found = await store.search(asked, 7);
      found.forEach((hits, i) => {
        const query = unit(asked, i);
        const scores = documents.map((vector) =>
          vector.reduce((sum, value, at) => sum + value * query[at], 0),
        );
        const order = scores.map((_, row) => row).sort((a, b) => scores[b] - scores[a]);
        // Of two that rounding may turn round, either may come first.
        const near = new Set(order.slice(0, 9).map(String));
        expect(hits.every(({ id }) => near.has(id))).toBe(true);
        const wanted = order.slice(0, 7).map((row) => scores[row]);
        expect(hits.map((hit) => hit.score)).toBeClose(wanted, { atol });
      });
    }));

  it("does what a map does, whatever comes", async () => {
    const ids = fc.uniqueArray(fc.constantFrom("a", "b", "c", "d", "e"), { maxLength: 4 });
    const change = fc.record({ kind: fc.constantFrom("upsert", "delete"), ids });
    const run = (changes: readonly { kind: string; ids: string[] }[]) =>
      withStore(modelOf(1, "dot"), async (store) => {
        const map = new Map<string, number>();
        for (const [step, { kind, ids }] of changes.entries()) {
          for (const id of ids) map.delete(id);
          if (kind === "delete") await store.delete(ids);
          else {
            await store.upsert(
              ids,
              Float32Array.from(ids, () => step),
            );
            for (const id of ids) map.set(id, step);
          }
        }
        const [hits] = await store.search(vectors([1]), 9);
        const wanted = [...map].map(([id, score]) => ({ id, score }));
        wanted.sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1));
        expect(hits).toEqual(
          wanted.map((hit) => ({ ...hit, score: expect.closeTo(hit.score, 2) })),
        );
        expect(await store.count()).toBe(map.size);
      });
    await fc.assert(fc.asyncProperty(fc.array(change, { maxLength: 12 }), run), { numRuns: 25 });
  });

  it.each([
    ["too few numbers", ["a", "b"], vectors([1, 0]), undefined, "bad-argument"],
    ["too few payloads", ["a", "b"], vectors([1, 0], [1, 0]), [{}], "bad-argument"],
    ["an id twice", ["a", "a"], vectors([1, 0], [1, 0]), undefined, "bad-argument"],
    ["an empty id", [""], vectors([1, 0]), undefined, "bad-argument"],
    ["a NaN", ["a", "b"], vectors([1, 0], [Number.NaN, 0]), undefined, "not-finite"],
  ])("refuses %s, and keeps nothing of it", (_, ids, rows, payloads, code) =>
    withStore(modelOf(2), async (store) => {
      const work = store.upsert(ids, rows, payloads && { payloads });
      await expect(work).rejects.toMatchObject({ code });
      expect(await store.count()).toBe(0);
    }),
  );

  it.each([
    ["no hits", vectors([1, 0]), 0, "bad-argument"],
    ["half a hit", vectors([1, 0]), 0.5, "bad-argument"],
    ["a query of another width", vectors([1, 0, 0]), 1, "bad-argument"],
    ["an infinite query", vectors([1, Infinity]), 1, "not-finite"],
  ])("refuses to search for %s", (_, query, k, code) =>
    withStore(modelOf(2), (store) =>
      expect(store.search(query, k)).rejects.toMatchObject({ code }),
    ),
  );

  it.each([
    ["no hits", 0, 0],
    ["half a hit", 0.5, 0],
    ["what lies before the first", 1, -1],
    ["half a page", 1, 0.5],
    ["what is no number", 1, "0; DROP TABLE x" as unknown as number],
  ])("refuses pages of %s, by vectors and by words", (_, k, offset) =>
    withStore(modelOf(1), async (store) => {
      const code = "bad-argument";
      await expect(store.search(vectors([1]), k, { offset })).rejects.toMatchObject({ code });
      await expect(store.searchText("a", k, { offset })).rejects.toMatchObject({ code });
    }),
  );

  it("stops a search when asked to", () =>
    withStore(modelOf(1), async (store) => {
      await store.upsert(["a"], vectors([1]));
      const work = store.search(vectors([1]), 1, { signal: AbortSignal.abort() });
      await expect(work).rejects.toMatchObject({ code: "aborted" });
    }));

  it("needs a model to begin with", async () => {
    await using place = await fresh();
    await expect(open(place.reference)).rejects.toThrow(NearfoldError);
  });

  it.skipIf(!persistent)(
    "is found again, notes and all (skipped where nothing persists)",
    async () => {
      await using place = await fresh();
      const path = place.reference;
      {
        await using store = await open(path, { model: modelOf(2), notes: { made: "by a test" } });
        await store.upsert(["a", "b"], vectors([1, 0], [0, 1]), { payloads: [{ n: 1 }, { n: 2 }] });
        await store.delete(["a"]);
      }
      {
        await using store = await open(path, { model: modelOf(2) });
        await store.upsert(["c"], vectors([0, 2]));
      }
      await using store = await open(path, { access: "read" });
      expect(store.notes).toEqual({ made: "by a test" });
      expect(store.space).toEqual(modelOf(2).space);
      expect(await store.search(vectors([0, 1]), 9)).toEqual([
        [
          { id: "b", score: expect.closeTo(1), payload: { n: 2 } },
          { id: "c", score: expect.closeTo(1) },
        ],
      ]);
    },
  );

  it.skipIf(!persistent).each([
    ["other weights", { ...modelOf(2).space, id: `sha256:${"cd".repeat(32)}` }],
    ["fewer dimensions", modelOf(1).space],
    ["another similarity", modelOf(2, "dot").space],
  ])("refuses a model of %s (skipped where nothing persists)", async (_, space) => {
    await using place = await fresh();
    const path = place.reference;
    await (await open(path, { model: modelOf(2) }))[Symbol.asyncDispose]();
    const work = open(path, { model: { name: "other", space } });
    await expect(work).rejects.toMatchObject({ code: "mismatch" });
  });

  describe.skipIf(!formats).each(["int8", "binary", "binary+int8", "int8@64+float32", "binary@32"])(
    "keeps vectors as %s (skipped where there is float32 alone)",
    (text) => {
      const dims = 96;
      const model = modelOf(dims);
      const [all, asked] = [
        unitRows(random(3000 * dims, 5), dims),
        unitRows(random(4 * dims, 6), dims),
      ];
      const options = { similarity: "cosine", width: dims } as const;
      const scheme = calibrateScheme(fitScheme(parseScheme(text), dims), all, options);
      const kept: Kept = { ...scheme, multiplier: 3 };
      const ids = Array.from({ length: 3000 }, (_, row) => `d${row}`);
      const fill = async (store: VectorStore) => {
        await store.upsert(ids.slice(0, 1000), all.subarray(0, 1000 * dims));
        await store.upsert(ids.slice(1000), all.subarray(1000 * dims));
      };
      const wanted = searchKept(asked, keepVectors(scheme, all, dims), {
        ...{ k: 5, width: dims, multiplier: 3 },
      }).map((hits) => hits.map(({ row, score }) => ({ id: ids[row], score })));

      it("and finds what a search in memory finds, opened again too where it persists", async () => {
        await using place = await fresh();
        const path = place.reference;
        {
          await using store = await open(path, { model, kept });
          await fill(store);
          expect(await store.search(asked, 5)).toEqual(wanted);
        }
        if (!persistent) return;
        await using store = await open(path, { access: "read" });
        expect(store.kept).toEqual(kept);
        expect(await store.search(asked, 5)).toEqual(wanted);
      });

      it("and knows no more of what was replaced or taken out", async () => {
        await using place = await fresh();
        await using store = await open(place.reference, { model, kept });
        await fill(store);
        const [[{ id }]] = wanted;
        await store.delete([id]);
        const [without] = await store.search(asked, 5);
        expect(without.slice(0, 4)).toEqual(wanted[0].slice(1));
        for (let time = 0; time < 3; time++) {
          await store.upsert(ids, all.toReversed().subarray(0, 3000 * dims));
        }
        await store.upsert(ids, all);
        expect(await store.count()).toBe(3000);
        expect(await store.search(asked, 5)).toEqual(wanted);
      });

      it.skipIf(!persistent)("and no others (skipped where nothing persists)", async () => {
        await using place = await fresh();
        const path = place.reference;
        await (await open(path, { model, kept }))[Symbol.asyncDispose]();
        await (await open(path, { model, kept }))[Symbol.asyncDispose]();
        const other = calibrateScheme(fitScheme(parseScheme("int8@16"), dims), all, options);
        const work = open(path, { model, kept: { ...other, multiplier: 3 } });
        await expect(work).rejects.toThrow("keeps its vectors in another format");
      });
    },
  );
});
