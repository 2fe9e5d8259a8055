import { openFileStore } from "./file.ts";
import { openMemoryStore } from "./memory.ts";
import type { StoreKind } from "./store.ts";

/** Every kind of store. Adding one: a file, and a line here; `test/stores.test.ts` then runs it too. */
export const stores = {
  memory: { persistent: false, open: openMemoryStore },
  file: { persistent: true, open: openFileStore },
} as const satisfies Record<string, StoreKind>;
