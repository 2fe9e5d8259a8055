/** Files of texts, pairs and judgements; splits, a look before training, and batches. */
export { type BatchOptions, batches } from "./batches.ts";
export { type BeirOptions, type Qrels, type RetrievalSet, readBeir, readQrels } from "./beir.ts";
export { type Document, type DocumentOptions, readDocuments } from "./documents.ts";
export type { TextBound } from "./fields.ts";
export {
  inspectPairs,
  type LengthSummary,
  type PairInspection,
  type PairSummary,
} from "./inspect.ts";
export { type ParseRow, readJsonl } from "./jsonl.ts";
export { type Line, type LineOptions, readLines, skips } from "./lines.ts";
export { normalizeText } from "./normalize.ts";
export { type Pair, type PairOptions, parsePairs, readPairs, readRows } from "./pairs.ts";
export { type Label, type Row, rowFields } from "./row.ts";
export { someSentences } from "./sentences.ts";
export { type SplitOptions, splitByHash, splitPairs } from "./split.ts";
export { readSts, type ScoredPair } from "./sts.ts";
export { parseTexts, type RoledText, readTexts } from "./texts.ts";
