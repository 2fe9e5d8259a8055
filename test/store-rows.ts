import { openStore } from "../src/stores/index.ts";

/** Every row of a store with its vector and payload, by id: what two stores of the same contents share, whatever their files are called. */
export async function storeRows(reference: string): Promise<Record<string, string>> {
  await using store = await openStore(reference, { access: "read" });
  const rows: Record<string, string> = {};
  for await (const { id, payload, vector } of store.rows({ vectors: true })) {
    rows[id] = JSON.stringify({ payload, vector: [...vector!] });
  }
  return Object.fromEntries(Object.entries(rows).sort(([a], [b]) => (a < b ? -1 : 1)));
}
