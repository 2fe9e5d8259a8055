/** Stores: vectors in, hits out. */
export { openFileStore } from "./file.ts";
export { openMemoryStore } from "./memory.ts";
export { stores } from "./registry.ts";
export type {
  OpenStoreOptions,
  Payload,
  Stored,
  StoreHit,
  StoreKind,
  VectorStore,
} from "./store.ts";
