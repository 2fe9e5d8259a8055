/** Documents into a store, and again when they changed: only what is new is encoded. */
export { type Filled, type FillOptions, fillStore } from "./fill-store.ts";
export { prune } from "./prune.ts";
