/** Several checkpoints as one. */
export { requireMergeable } from "./mergeable.ts";
export { type SlerpOptions, slerp } from "./slerp.ts";
export {
  type GreedySoup,
  type GreedySoupOptions,
  greedySoup,
  type Score,
  type SoupOptions,
  soup,
} from "./soup.ts";
