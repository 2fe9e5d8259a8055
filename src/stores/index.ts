/** Stores: vectors in, hits out. */

export { type Alias, followAlias, readAlias, switchAlias } from "./alias.ts";
export { type CopyOptions, copyStore } from "./copy-store.ts";
export { openEmbeddedStore } from "./embedded/index.ts";
export { checkFilter, type Filter, type FilterValue, meets } from "./filter.ts";
export {
  type HybridHit,
  type HybridOptions,
  type HybridQuery,
  type HybridWeights,
  searchHybrid,
} from "./hybrid.ts";
export { type Kept, requireSameScheme, schemeOf } from "./kept.ts";
export { openMemoryStore } from "./memory.ts";
export { RecallProbe } from "./recall-probe.ts";
export { openStore, stores } from "./registry.ts";
export type {
  OpenStoreOptions,
  OptimizeOptions,
  PageOptions,
  Payload,
  RowsOptions,
  SearchOptions,
  Stored,
  StoreHit,
  StoreKind,
  VectorStore,
} from "./store.ts";
