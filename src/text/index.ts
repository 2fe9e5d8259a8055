/** Tokenizers: reading those of Hugging Face, and training new ones that Hugging Face's tools read. */
export {
  type EncodeOptions,
  type Encoding,
  loadTokenizer,
  type PairEncoding,
  parseTokenizer,
  type Tokenizer,
  type TruncateSide,
  toTokenizer,
} from "./tokenizer.ts";
export { trainBpe } from "./train-bpe.ts";
export { type TrainWordPieceOptions, trainWordPiece } from "./train-wordpiece.ts";
export type { SpecialTokens, TrainedTokenizer, TrainTokenizerOptions } from "./trained-file.ts";
