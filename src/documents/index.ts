/** Documents with their structure, and the passages that they are cut into. */
export { contextualText } from "./context.ts";
export type { Block, BlockKind, Content, StructuredDocument } from "./document.ts";
export { type Passage, type PassageMetadata, type PassageOptions, passages } from "./passages.ts";
export { type ReadDocumentOptions, readDocument } from "./read-document.ts";
export {
  type DocumentProgress,
  type ReadFolderOptions,
  type ReadPassagesOptions,
  readPassages,
  readStructured,
} from "./read-passages.ts";
export { isDocumentPath } from "./registry.ts";
export { type CountTokens, estimateTokens, tokenCounter } from "./token-count.ts";
export type { SkippedFile } from "./walk-folder.ts";
