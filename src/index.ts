/**
 * What one reaches for first. Each folder is a subpath with the rest: `nearfold/graph`, `nearfold/evaluate`, ….
 * The list is written by hand; `test/public-api.test.ts` holds it.
 */
export { type Pair, readBeir, readDocuments, readPairs, splitPairs } from "./data/index.ts";
export {
  type Encoded,
  type Encoder,
  type EncoderOptions,
  type EncodeTextsOptions,
  openEncoder,
} from "./encoder/index.ts";
export { type ErrorCode, NearfoldError } from "./errors.ts";
export { bm25, rank, scoreRun } from "./evaluate/index.ts";
export { infoNce, matryoshka } from "./losses/index.ts";
export { greedySoup, slerp, soup } from "./merging/index.ts";
export {
  type MinedPair,
  type MineOptions,
  type MiningReport,
  mine,
  mineToEnd,
} from "./mining/index.ts";
export { loadModel, type Model, saveModel } from "./models/index.ts";
export type { Space } from "./space.ts";
export {
  openStore,
  type StoreHit,
  type VectorStore,
} from "./stores/index.ts";
export {
  loadTokenizer,
  type Tokenizer,
  toTokenizer,
  trainBpe,
  trainWordPiece,
} from "./text/index.ts";
export {
  newStaticModel,
  type TrainEvent,
  type TrainOptions,
  train,
  trainToEnd,
} from "./train/index.ts";
