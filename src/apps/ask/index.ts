/** Questions answered from documents. */

export type { Generated } from "./answer-reader.ts";
export {
  type Answer,
  type AskOptions,
  ask,
  type Citation,
  COSINE_THRESHOLD,
} from "./ask.ts";
export {
  type ChatEndpointOptions,
  chatEndpoint,
  type Generate,
  type GenerateOptions,
} from "./chat-endpoint.ts";
export type { Quote, SimilarityTo } from "./extract.ts";
export type { ChatMessage } from "./prompt.ts";
export { chatReranker, type Reranker } from "./rerank.ts";
export type { Retrieved, Retriever } from "./retrieved.ts";
export {
  encoderSimilarity,
  type StoreRetrieverOptions,
  storeRetriever,
} from "./store-retriever.ts";
export {
  type MeasuredThreshold,
  type MeasureThresholdOptions,
  measureThreshold,
  type Rate,
  ratesAt,
  type ThresholdRates,
} from "./threshold.ts";
