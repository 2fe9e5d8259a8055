/** Stores: vectors in, hits out. */
export { openFileStore } from "./file.ts";
export { type Kept, requireSameScheme, schemeOf } from "./kept.ts";
export { openMemoryStore } from "./memory.ts";
export { RecallProbe } from "./recall-probe.ts";
export { stores } from "./registry.ts";
export type {
  OpenStoreOptions,
  Payload,
  Stored,
  StoreHit,
  StoreKind,
  VectorStore,
} from "./store.ts";
