import { NearfoldError } from "../errors.ts";
import { followAlias } from "./alias.ts";
import { embedded } from "./embedded/index.ts";
import { memory } from "./memory.ts";
import { milvus } from "./milvus/index.ts";
import { postgres } from "./postgres/index.ts";
import type { OpenStoreOptions, StoreKind, VectorStore } from "./store.ts";

/**
 * Every kind of store; the first that claims a reference opens it, and the last claims any path. Adding one: a folder, and a line here;
 * `test/stores.test.ts` then runs it too.
 */
export const stores = {
  memory,
  postgres,
  milvus,
  embedded,
} as const satisfies Record<string, StoreKind>;

/**
 * Opens a store by its reference: a folder's path, `postgres://…`, `milvus://…` or `memory:`, or the folder of an alias to one.
 * @throws as `StoreKind.open` and `followAlias`
 */
export async function openStore(
  reference: string,
  options: OpenStoreOptions = {},
): Promise<VectorStore> {
  const place = await followAlias(reference);
  return await kindOf(place).open(place, options);
}

/** @throws unsupported where no kind claims it */
export function kindOf(reference: string): StoreKind {
  const kinds: readonly StoreKind[] = Object.values(stores);
  const kind = kinds.find(({ claims }) => claims(reference));
  if (kind) return kind;
  // What follows the scheme may hold a password.
  throw new NearfoldError("unsupported", "not a kind of store", {
    got: `${reference.split("://", 1)[0].slice(0, 20)}://`,
    wanted: kinds.map(({ example }) => example).join(", "),
  });
}
