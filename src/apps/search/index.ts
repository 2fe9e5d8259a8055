/** Search over a store: a query in words, the best passages back. */
export {
  type Found,
  type FoundOptions,
  findPassages,
  type SearchMode,
  searchModes,
} from "./find-passages.ts";
