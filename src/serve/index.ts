/** Serving: what waits for a model and in which order it runs, the protocols, and the door. */
export type {
  AnswerFacts,
  EmbedAnswer,
  EmbedRequest,
  Input,
  StageTimes,
  TokensAnswer,
} from "./embed-request.ts";
export { type ApiKeys, type Grant, parseApiKeys } from "./http/api-keys.ts";
export {
  createHandler,
  type Handler,
  type HandlerOptions,
  type RequestReport,
} from "./http/handler.ts";
export { type Listening, type ListenOptions, listen } from "./http/node-server.ts";
export { arrivalTimes, type Latencies, latenciesOf } from "./load/arrivals.ts";
export type { BulkLoad, BulkResult } from "./load/bulk-streams.ts";
export {
  type ClosedLoadOptions,
  type ClosedLoadResult,
  type LoadOptions,
  type LoadResult,
  type OpenLoadResult,
  runClosedLoad,
  runLoad,
} from "./load/run-load.ts";
export { openSender, type Send, type Sender, type SenderOptions } from "./load/sender.ts";
export { serverMemoryMb } from "./load/server-memory.ts";
export { createMetrics, type ServerMetrics } from "./metrics/server-metrics.ts";
export {
  createModelChanges,
  type LoadRequest,
  type ModelChanges,
  type ModelChangesOptions,
} from "./models/model-changes.ts";
export type { Name } from "./models/model-table.ts";
export type { Lane, Priority } from "./queue/waiting.ts";
export { openServedModel, type ServedModel, type ServedModelOptions } from "./served-model.ts";
export { type Change, type Service, type ServiceOptions, startService } from "./service.ts";
export { type LostSpans, type OtlpOptions, openOtlpTracing } from "./tracing/otlp.ts";
export type { RequestTrace, Tracing } from "./tracing/request-trace.ts";
