import type { VectorStore } from "../../stores/index.ts";

/** Ids that are taken out at once. */
const PART = 1000;

/**
 * Takes out what is in a store and not among the ids of what it should hold.
 * @param spare what is left in nevertheless @default nothing
 * @returns how many went, and how many were spared
 */
export async function prune(
  store: VectorStore,
  ids: ReadonlySet<string>,
  spare: (id: string) => boolean = () => false,
): Promise<{ readonly removed: number; readonly spared: number }> {
  const gone: string[] = [];
  let spared = 0;
  for await (const { id } of store.rows({ payloads: false })) {
    if (ids.has(id)) continue;
    if (spare(id)) spared++;
    else gone.push(id);
  }
  for (let at = 0; at < gone.length; at += PART) await store.delete(gone.slice(at, at + PART));
  return { removed: gone.length, spared };
}
