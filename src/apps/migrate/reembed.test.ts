import { expect, test } from "vitest";
import { tinyStatic } from "../../../test/tiny-models.ts";
import { openEncoder } from "../../encoder/index.ts";
import { openMemoryStore, type VectorStore } from "../../stores/index.ts";
import { reembed } from "./reembed.ts";

const old = { name: "old", space: { id: "sha256:old", dims: 2, similarity: "cosine" as const } };
const rows = Array.from({ length: 30 }, (_, i) => ({ text: `the fox number ${i}`, n: i }));
const ids = rows.map((_, i) => `d${i}`);

async function oldStore() {
  const store = await openMemoryStore("old", { model: old });
  const vectors = Float32Array.from({ length: 60 }, (_, i) => 1 + i);
  await store.upsert(ids, vectors, { payloads: rows });
  return store;
}

/** Opens a store that stays open. */
const staying = (store: VectorStore) => async (): Promise<VectorStore> =>
  new Proxy(store, {
    get: (target, name) => {
      if (name === Symbol.asyncDispose) return async () => {};
      const value = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });

test.each([
  ["in one pass", 1e9],
  ["in passes that end early, each further than the one before", 5],
])("all rows come over with their payloads, %s", async (_, passMs) => {
  await using encoder = await openEncoder(tinyStatic());
  await using from = await oldStore();
  await using to = await openMemoryStore("new", { model: encoder });
  let [time, opened] = [0, 0];
  const open = () => {
    opened++;
    return staying(from)();
  };
  const made = await reembed(open, to, encoder, { now: () => time++, passMs, windowRows: 4 });
  expect(made).toMatchObject({ encoded: 30, removed: 0 });
  expect(opened > 1).toBe(passMs < 30);
  expect((await to.list({ limit: 100 })).map(({ payload }) => payload)).toEqual(
    [...ids].sort().map((id) => rows[ids.indexOf(id)]),
  );
});

test("again, only what changed is embedded, and what is gone goes", async () => {
  await using encoder = await openEncoder(tinyStatic());
  await using from = await oldStore();
  await using to = await openMemoryStore("new", { model: encoder });
  const again = () => reembed(staying(from), to, encoder, { now: () => 0 });
  await again();
  await from.delete(["d3", "d4"]);
  await from.upsert(["d5"], Float32Array.of(1, 2), { payloads: [{ text: "a dog" }] });
  expect(await again()).toMatchObject({ encoded: 1, removed: 2 });
  expect(await to.count()).toBe(28);
  expect(await again()).toMatchObject({ encoded: 0, removed: 0 });
});

test("a row without a text is refused by name", async () => {
  await using encoder = await openEncoder(tinyStatic());
  await using from = await oldStore();
  await from.upsert(["bare"], Float32Array.of(1, 2));
  await using to = await openMemoryStore("new", { model: encoder });
  const done = reembed(staying(from), to, encoder, { now: () => 0 });
  await expect(done).rejects.toThrow('holds no text to embed again (got id "bare"');
});
