/** What a route is made of. */
import { NearfoldError } from "../../errors.ts";
import type { Role } from "../../models/model.ts";
import type { AnswerFacts, EmbedAnswer, EmbedRequest, TokensAnswer } from "../embed-request.ts";
import type { ServerMetrics } from "../metrics/server-metrics.ts";
import type { ModelChanges } from "../models/model-changes.ts";
import type { Priority } from "../queue/waiting.ts";
import type { ServedModel } from "../served-model.ts";
import type { Service } from "../service.ts";
import type { RequestTrace } from "../tracing/request-trace.ts";
import type { ErrorStyle } from "./errors.ts";

export interface Route {
  readonly method: "GET" | "POST";
  /** How its errors are written. */
  readonly errors: ErrorStyle;
  /** Whether it is answered without a key. @default false */
  readonly open?: boolean;
  /** Whether it is for keys of administrators alone. @default false */
  readonly admin?: boolean;
  readonly answer: (call: Call) => Promise<Response> | Response;
}

/** Bounds of one request. */
export interface RequestLimits {
  readonly maxBodyBytes: number;
  readonly maxInputs: number;
}

/** A request that was let in by the door, and what there is to answer it. */
export interface Call {
  readonly service: Service;
  readonly metrics: ServerMetrics;
  readonly limits: RequestLimits;
  readonly version: string;
  readonly signal: AbortSignal;
  /** The class that the key or a header sets. */
  readonly priority?: Priority;
  /** Where models may be changed. */
  readonly changes?: ModelChanges;
  /** The body; undefined of a GET. */
  readonly json: unknown;
  /** Where the request is traced. */
  readonly trace?: RequestTrace;
}

/** Whose prompt: where none is named, none is put before a text. */
export const promptNames: readonly Role[] = ["query", "document"];

/** The model that a request names, or the first. @throws not-found */
export function modelOf({ service: { models } }: Call, name: string | undefined): ServedModel {
  const [first] = models.values();
  const found = name === undefined ? first : models.get(name);
  if (found) return found;
  const wanted = `one of ${[...models.keys()].join(", ")}`;
  throw new NearfoldError("not-found", "no such model", { at: "model", got: name!, wanted });
}

type CallRequest = Omit<EmbedRequest, "signal" | "priority">;

interface Answered<Answer> {
  readonly answer: Answer;
  readonly headers: Record<string, string>;
}

/** Embeds, and counts it. */
export function embed(call: Call, request: CallRequest): Promise<Answered<EmbedAnswer>> {
  return counted(call, request, (whole) => call.service.embed(whole));
}

/** The same for the vectors of tokens. */
export function embedTokens(call: Call, request: CallRequest): Promise<Answered<TokensAnswer>> {
  return counted(call, request, (whole) => call.service.embedTokens(whole));
}

async function counted<Answer extends AnswerFacts>(
  { metrics, signal, priority, trace }: Call,
  request: CallRequest,
  ask: (request: EmbedRequest) => Promise<Answer>,
): Promise<Answered<Answer>> {
  const start = performance.now();
  trace?.asks(request);
  const answer = await ask({ ...request, signal, ...(priority && { priority }) });
  const ms = performance.now() - start;
  metrics.embedded(answer, ms);
  trace?.embedded(answer, start);
  // Whose vectors they are: those of two spaces may not be compared.
  const space = { "x-nearfold-space": request.model.space.id };
  return { answer, headers: { ...timesOf(answer, ms), ...space } };
}

/** text-embeddings-inference's headers (router/src/lib.rs), in whole milliseconds; how many inputs were cut, and how many a cache had. */
function timesOf(answer: AnswerFacts, ms: number): Record<string, string> {
  const { tokenize, queue, run } = answer.times;
  const whole = (value: number) => `${Math.round(value)}`;
  return {
    "x-compute-type": "cpu",
    "x-compute-time": whole(run),
    "x-compute-characters": `${answer.characters}`,
    "x-compute-tokens": `${answer.tokens}`,
    "x-total-time": whole(ms),
    "x-tokenization-time": whole(tokenize),
    "x-queue-time": whole(queue),
    "x-inference-time": whole(run),
    "x-nearfold-truncated": `${answer.truncated.length}`,
    ...(answer.cached > 0 && { "x-nearfold-cached": `${answer.cached}` }),
  };
}

/** JSON that was written piece by piece. */
export function jsonResponse(text: string, headers: Record<string, string>): Response {
  return new Response(text, { headers: { ...headers, "content-type": "application/json" } });
}

/** Those of some options that are set. */
export function present<T extends object>(options: T): { [K in keyof T]?: NonNullable<T[K]> } {
  const entries = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]?: NonNullable<T[K]> };
}
