/** Two indexes beside each other, by the same queries. */
export {
  type CompareOptions,
  type CompareReport,
  compareRuns,
  type Differing,
} from "./compare-runs.ts";
export { type Query, type RunOptions, runQueries, type Side } from "./run-queries.ts";
