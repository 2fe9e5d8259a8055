import { adaptLlm } from "./measurements/adapt-llm.ts";
import { adaptLlmInt8 } from "./measurements/adapt-llm-int8.ts";
import { adaptLlmInt8Memory } from "./measurements/adapt-llm-int8-memory.ts";
import { adaptLlmInt8Quality } from "./measurements/adapt-llm-int8-quality.ts";
import { adaptLlmMemory } from "./measurements/adapt-llm-memory.ts";
import { adaptLlmSpeed } from "./measurements/adapt-llm-speed.ts";
import { ann } from "./measurements/ann.ts";
import { annPgvector } from "./measurements/ann-pgvector.ts";
import { askThreshold } from "./measurements/ask-threshold.ts";
import { bulkEmbed } from "./measurements/bulk-embed.ts";
import { cluster } from "./measurements/cluster.ts";
import { dedupeMillion } from "./measurements/dedupe-million.ts";
import { distilAsymmetric } from "./measurements/distil-asymmetric.ts";
import { distilLayers } from "./measurements/distil-layers.ts";
import { distilStatic } from "./measurements/distil-static.ts";
import { driftAdapter } from "./measurements/drift-adapter.ts";
import { encodeDocuments } from "./measurements/encode-documents.ts";
import { encodeSentences } from "./measurements/encode-sentences.ts";
import { exactInt8 } from "./measurements/exact-int8.ts";
import { finetuneScifact } from "./measurements/finetune-scifact.ts";
import { finetuneScifactInt8 } from "./measurements/finetune-scifact-int8.ts";
import { finetuneScifactMore } from "./measurements/finetune-scifact-more.ts";
import { finetuneSpeed } from "./measurements/finetune-speed.ts";
import { forwardMixed } from "./measurements/forward-mixed.ts";
import { gradcache } from "./measurements/gradcache.ts";
import { hybrid } from "./measurements/hybrid.ts";
import { indexRate } from "./measurements/index-rate.ts";
import { int8Agreement } from "./measurements/int8-agreement.ts";
import { int8Batch } from "./measurements/int8-batch.ts";
import { int8Documents } from "./measurements/int8-documents.ts";
import { int8Quality } from "./measurements/int8-quality.ts";
import { int8Sentences } from "./measurements/int8-sentences.ts";
import { loadMemory } from "./measurements/load-memory.ts";
import { match } from "./measurements/match.ts";
import { qatInt4 } from "./measurements/qat-int4.ts";
import { readDocuments } from "./measurements/read-documents.ts";
import { recommend } from "./measurements/recommend.ts";
import { serveBare } from "./measurements/serve-bare.ts";
import { serveBatch } from "./measurements/serve-batch.ts";
import { serveMemory } from "./measurements/serve-memory.ts";
import { serveMixed } from "./measurements/serve-mixed.ts";
import { serveOne } from "./measurements/serve-one.ts";
import { serveOneInt8 } from "./measurements/serve-one-int8.ts";
import { serveOverload } from "./measurements/serve-overload.ts";
import { serveQueries } from "./measurements/serve-queries.ts";
import { serveQueriesInt8 } from "./measurements/serve-queries-int8.ts";
import { serveRagged } from "./measurements/serve-ragged.ts";
import { stepOverhead } from "./measurements/step-overhead.ts";
import { trainMemory } from "./measurements/train-memory.ts";
import { trainStep } from "./measurements/train-step.ts";
import { trainStepInt8 } from "./measurements/train-step-int8.ts";
import { trainStepMixed } from "./measurements/train-step-mixed.ts";
import { vectorsBinary } from "./measurements/vectors-binary.ts";
import { vectorsInt8 } from "./measurements/vectors-int8.ts";
import type { Measurement } from "./result.ts";

/** Every measurement by its name. Adding one: a file in measurements/, and a line here. */
export const measurements = {
  "train-step": trainStep,
  "train-step-int8": trainStepInt8,
  "train-step-mixed": trainStepMixed,
  "forward-mixed": forwardMixed,
  "step-overhead": stepOverhead,
  "train-memory": trainMemory,
  gradcache,
  "finetune-scifact": finetuneScifact,
  "finetune-scifact-int8": finetuneScifactInt8,
  "finetune-scifact-more": finetuneScifactMore,
  "finetune-speed": finetuneSpeed,
  "adapt-llm": adaptLlm,
  "adapt-llm-speed": adaptLlmSpeed,
  "adapt-llm-memory": adaptLlmMemory,
  "adapt-llm-int8": adaptLlmInt8,
  "adapt-llm-int8-memory": adaptLlmInt8Memory,
  "adapt-llm-int8-quality": adaptLlmInt8Quality,
  "encode-documents": encodeDocuments,
  "encode-sentences": encodeSentences,
  "bulk-embed": bulkEmbed,
  "load-memory": loadMemory,
  "int8-quality": int8Quality,
  "int8-batch": int8Batch,
  "int8-agreement": int8Agreement,
  "int8-documents": int8Documents,
  "int8-sentences": int8Sentences,
  "index-rate": indexRate,
  hybrid,
  ann,
  "vectors-int8": vectorsInt8,
  "vectors-binary": vectorsBinary,
  "exact-int8": exactInt8,
  "dedupe-million": dedupeMillion,
  cluster,
  "ann-pgvector": annPgvector,
  "distil-layers": distilLayers,
  "distil-static": distilStatic,
  "distil-asymmetric": distilAsymmetric,
  "drift-adapter": driftAdapter,
  "qat-int4": qatInt4,
  match,
  recommend,
  "serve-bare": serveBare,
  "serve-queries": serveQueries,
  "serve-queries-int8": serveQueriesInt8,
  "serve-one": serveOne,
  "serve-one-int8": serveOneInt8,
  "serve-ragged": serveRagged,
  "serve-batch": serveBatch,
  "serve-mixed": serveMixed,
  "serve-overload": serveOverload,
  "serve-memory": serveMemory,
  "ask-threshold": askThreshold,
  "read-documents": readDocuments,
} as const satisfies Record<string, Measurement>;
