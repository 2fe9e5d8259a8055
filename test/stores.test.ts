/** The contract of a vector store: every entry of the registry passes all of it. */
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NearfoldError } from "../src/errors.ts";
import { sequence } from "../src/graph/rng.ts";
import type { Named, Space } from "../src/space.ts";
import { type Kept, stores, type VectorStore } from "../src/stores/index.ts";
import {
  calibrateScheme,
  fitScheme,
  keepVectors,
  parseScheme,
  searchKept,
} from "../src/vectors/index.ts";
import { unitRows } from "../src/vectors/quantizer.ts";
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

describe.each(Object.entries(stores))("a store: %s", (_, { open, persistent }) => {
  const withStore = async (model: Named<Space>, use: (store: VectorStore) => Promise<void>) => {
    await using folder = await temporaryFolder();
    await using store = await open(join(folder.path, "index"), { model });
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
      await store.add(["a", "b"], vectors([3, 4], [1, 0]));
      const [hits] = await store.search(vectors([1, 0]), 2);
      expect(idsOf(hits)).toEqual(order);
      const score = (wanted: string) => hits.find((hit) => hit.id === wanted)!.score;
      expect([score("a"), score("b")]).toBeClose(scores, { rtol: 1e-6 });
    }),
  );

  it("gives payloads back, with hits and by id", () =>
    withStore(modelOf(1), async (store) => {
      await store.add(["a"], vectors([1]), { payloads: [{ text: "é\n", tags: [1, null] }] });
      await store.add(["b"], vectors([-1]));
      const a = { id: "a", payload: { text: "é\n", tags: [1, null] } };
      expect(await store.get(["b", "a"])).toEqual([{ id: "b" }, a]);
      expect(await store.search(vectors([2]), 9)).toEqual([
        [
          { ...a, score: 1 },
          { id: "b", score: -1 },
        ],
      ]);
    }));

  it("keeps equal scores in the order of insertion", () =>
    withStore(modelOf(2), async (store) => {
      await store.add(["z", "y"], vectors([1, 0], [2, 0]));
      await store.add(["a"], vectors([4, 0]));
      const [hits] = await store.search(vectors([1, 0]), 2);
      expect(idsOf(hits)).toEqual(["z", "y"]);
    }));

  it("replaces what is added again, and puts it last", () =>
    withStore(modelOf(2), async (store) => {
      await store.add(["a", "b"], vectors([1, 0], [1, 0]), { payloads: [{ n: 1 }, { n: 2 }] });
      await store.add(["a"], vectors([2, 0]), { payloads: [{ n: 3 }] });
      expect(await store.count()).toBe(2);
      const [hits] = await store.search(vectors([1, 0]), 9);
      expect(hits).toEqual([
        { id: "b", score: 1, payload: { n: 2 } },
        { id: "a", score: 1, payload: { n: 3 } },
      ]);
    }));

  it("deletes what is there", () =>
    withStore(modelOf(2), async (store) => {
      await store.add(["a", "b", "c"], vectors([1, 0], [1, 0], [0, 1]));
      expect(await store.delete(["b", "nobody", "b"])).toBe(1);
      expect(await store.count()).toBe(2);
      expect(idsOf((await store.search(vectors([1, 0]), 9))[0])).toEqual(["a", "c"]);
      await store.add(["b"], vectors([1, 0]));
      expect(idsOf((await store.search(vectors([1, 0]), 9))[0])).toEqual(["a", "b", "c"]);
    }));

  it("finds what a plain loop finds, over many blocks", () =>
    withStore(modelOf(600), async (store) => {
      const [dims, rows, queries] = [600, 1300, 3];
      const all = random(rows * dims, 1);
      const asked = random(queries * dims, 2);
      for (let row = 0; row < rows; row += 500) {
        const end = Math.min(row + 500, rows);
        const ids = Array.from({ length: end - row }, (_, i) => String(row + i));
        await store.add(ids, all.subarray(row * dims, end * dims));
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
        expect(idsOf(hits)).toEqual(order.slice(0, 7).map(String));
        const wanted = order.slice(0, 7).map((row) => scores[row]);
        expect(hits.map((hit) => hit.score)).toBeClose(wanted, { atol: 1e-6 });
      });
    }));

  it("does what a map does, whatever comes", async () => {
    const ids = fc.uniqueArray(fc.constantFrom("a", "b", "c", "d", "e"), { maxLength: 4 });
    const change = fc.record({ kind: fc.constantFrom("add", "delete"), ids });
    const run = (changes: readonly { kind: string; ids: string[] }[]) =>
      withStore(modelOf(1, "dot"), async (store) => {
        const map = new Map<string, number>();
        for (const [step, { kind, ids }] of changes.entries()) {
          for (const id of ids) map.delete(id);
          if (kind === "delete") await store.delete(ids);
          else {
            await store.add(
              ids,
              Float32Array.from(ids, () => step),
            );
            for (const id of ids) map.set(id, step);
          }
        }
        const [hits] = await store.search(vectors([1]), 9);
        const wanted = [...map].map(([id, score]) => ({ id, score }));
        expect(hits).toEqual(wanted.sort((a, b) => b.score - a.score));
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
      const work = store.add(ids, rows, payloads && { payloads });
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

  it("stops a search when asked to", () =>
    withStore(modelOf(1), async (store) => {
      await store.add(["a"], vectors([1]));
      const work = store.search(vectors([1]), 1, { signal: AbortSignal.abort() });
      await expect(work).rejects.toMatchObject({ code: "aborted" });
    }));

  it("needs a model to begin with", async () => {
    await using folder = await temporaryFolder();
    await expect(open(join(folder.path, "index"))).rejects.toThrow(NearfoldError);
  });

  it.skipIf(!persistent)(
    "is found again, notes and all (skipped where nothing persists)",
    async () => {
      await using folder = await temporaryFolder();
      const path = join(folder.path, "index");
      {
        await using store = await open(path, { model: modelOf(2), notes: { made: "by a test" } });
        await store.add(["a", "b"], vectors([1, 0], [0, 1]), { payloads: [{ n: 1 }, { n: 2 }] });
        await store.delete(["a"]);
      }
      {
        await using store = await open(path, { model: modelOf(2) });
        await store.add(["c"], vectors([0, 2]));
      }
      await using store = await open(path, { access: "read" });
      expect(store.notes).toEqual({ made: "by a test" });
      expect(store.space).toEqual(modelOf(2).space);
      expect(await store.search(vectors([0, 1]), 9)).toEqual([
        [
          { id: "b", score: 1, payload: { n: 2 } },
          { id: "c", score: 1 },
        ],
      ]);
    },
  );

  it.skipIf(!persistent).each([
    ["other weights", { ...modelOf(2).space, id: `sha256:${"cd".repeat(32)}` }],
    ["fewer dimensions", modelOf(1).space],
    ["another similarity", modelOf(2, "dot").space],
  ])("refuses a model of %s (skipped where nothing persists)", async (_, space) => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, "index");
    await (await open(path, { model: modelOf(2) }))[Symbol.asyncDispose]();
    const work = open(path, { model: { name: "other", space } });
    await expect(work).rejects.toMatchObject({ code: "mismatch" });
  });

  describe.each(["int8", "binary", "binary+int8", "int8@64+float32", "binary@32"])(
    "keeps vectors as %s",
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
        await store.add(ids.slice(0, 1000), all.subarray(0, 1000 * dims));
        await store.add(ids.slice(1000), all.subarray(1000 * dims));
      };
      const wanted = searchKept(asked, keepVectors(scheme, all, dims), {
        ...{ k: 5, width: dims, multiplier: 3 },
      }).map((hits) => hits.map(({ row, score }) => ({ id: ids[row], score })));

      it("and finds what a search in memory finds, opened again too where it persists", async () => {
        await using folder = await temporaryFolder();
        const path = join(folder.path, "index");
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
        await using folder = await temporaryFolder();
        await using store = await open(join(folder.path, "index"), { model, kept });
        await fill(store);
        const [[{ id }]] = wanted;
        await store.delete([id]);
        const [without] = await store.search(asked, 5);
        expect(without.slice(0, 4)).toEqual(wanted[0].slice(1));
        for (let time = 0; time < 3; time++) {
          await store.add(ids, all.toReversed().subarray(0, 3000 * dims));
        }
        await store.add(ids, all);
        expect(await store.count()).toBe(3000);
        expect(await store.search(asked, 5)).toEqual(wanted);
      });

      it.skipIf(!persistent)("and no others (skipped where nothing persists)", async () => {
        await using folder = await temporaryFolder();
        const path = join(folder.path, "index");
        await (await open(path, { model, kept }))[Symbol.asyncDispose]();
        await (await open(path, { model, kept }))[Symbol.asyncDispose]();
        const other = calibrateScheme(fitScheme(parseScheme("int8@16"), dims), all, options);
        const work = open(path, { model, kept: { ...other, multiplier: 3 } });
        await expect(work).rejects.toThrow("keeps its vectors in another format");
      });
    },
  );
});
