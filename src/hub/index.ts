/** Models by their id on the Hub: fetched once, checked, read from a cache afterwards. */
export { type HubOrigin, hubOrigin } from "./cache.ts";
export { fetchModel, type HubOptions } from "./fetch-model.ts";
export type { FetchProgress } from "./fetch-snapshot.ts";
export { isHubId } from "./id.ts";
export { resolveModel } from "./resolve-model.ts";
