/** What a server counts. Names that text-embeddings-inference has (docs: `/metrics`) are its own, so that its dashboards fit. */
import type { ErrorCode } from "../../errors.ts";
import type { AnswerFacts } from "../embed-request.ts";
import { priorities } from "../queue/waiting.ts";
import type { BatchReport } from "../scheduler.ts";
import type { Service } from "../service.ts";
import { counter, exponentialBounds, gauge, histogram } from "./metric.ts";
import { processMetrics } from "./process-metrics.ts";
import { cacheMetrics, modelMetrics } from "./service-metrics.ts";

export interface ServerMetrics {
  /** A batch was run. */
  batch(report: BatchReport): void;
  /** A request to embed was answered; `ms` is from its arrival. */
  embedded(answer: AnswerFacts, ms: number): void;
  /** Any request was answered, or refused for an error. */
  answered(request: {
    readonly route: string;
    readonly status: number;
    readonly code?: ErrorCode;
  }): void;
  restarted(): void;
  /** Prometheus' text. */
  expose(service: Service): string;
  /** Since the server began. */
  readonly totals: Readonly<Totals>;
}

export interface Totals {
  requests: number;
  failures: number;
  rejected: number;
  inputs: number;
  tokens: number;
  /** Milliseconds in which a model ran. */
  busyMs: number;
}

const SECONDS = exponentialBounds(0.001, 1.8, 18);
const TOKENS = exponentialBounds(8, 2, 12);

export function createMetrics(): ServerMetrics {
  const requests = counter("te_request_count", "Requests to embed that were answered");
  const successes = counter("te_request_success", "Requests that were answered with vectors");
  const failures = counter("te_request_failure", "Requests that failed, by the code of the error");
  const statuses = counter("nearfold_http_responses", "Answers, by route and status");
  const truncated = counter(
    "nearfold_truncated_inputs",
    "Inputs that were cut to the model's limit",
  );
  const tokens = counter(
    "nearfold_embedded_tokens",
    "Tokens that went through a model for answers",
  );
  const restarts = counter("nearfold_worker_restarts", "Sessions that were opened again");
  const batches = counter("nearfold_batches", "Batches that were run, by class and outcome");
  const duration = histogram("te_request_duration", "Seconds from arrival to answer", SECONDS);
  const stages = {
    tokenize: histogram("te_request_tokenization_duration", "Seconds of tokenizing", SECONDS),
    queue: histogram("te_request_queue_duration", "Seconds of waiting", SECONDS),
    run: histogram("te_request_inference_duration", "Seconds in the model", SECONDS),
  };
  const size = histogram("te_batch_next_size", "Inputs of a batch", exponentialBounds(1, 2, 9));
  const batchTokens = histogram("te_batch_next_tokens", "Tokens of a batch", TOKENS);
  const batchMs = histogram("nearfold_batch_duration", "Seconds of a batch", SECONDS);
  const fill = histogram(
    "nearfold_batch_fill",
    "Share of a batch's budget that was used",
    [0.1, 0.25, 0.5, 0.75, 0.9, 1],
  );
  const totals: Totals = { requests: 0, failures: 0, rejected: 0, inputs: 0, tokens: 0, busyMs: 0 };
  return {
    totals,
    batch: ({ priority, inputs, tokens, most, ms, failed }) => {
      batches.add(1, { class: priority, outcome: failed ? "failed" : "done" });
      size.observe(inputs);
      batchTokens.observe(tokens);
      batchMs.observe(ms / 1000, { class: priority });
      fill.observe(tokens / most, { class: priority });
      totals.busyMs += ms;
    },
    embedded: (answer, ms) => {
      const { inputs, ranTokens } = answer;
      const method = { method: inputs === 1 ? "single" : "batch" };
      requests.add(1, method);
      successes.add(1, method);
      const byClass = { class: answer.priority };
      duration.observe(ms / 1000, byClass);
      for (const stage of ["tokenize", "queue", "run"] as const) {
        stages[stage].observe(answer.times[stage] / 1000, byClass);
      }
      truncated.add(answer.truncated.length);
      tokens.add(ranTokens);
      totals.requests++;
      totals.inputs += inputs;
      totals.tokens += ranTokens;
    },
    answered: ({ route, status, code }) => {
      statuses.add(1, { route, status: `${status}` });
      if (code === undefined) return;
      failures.add(1, { err: code });
      if (code === "overloaded") totals.rejected++;
      else totals.failures++;
    },
    restarted: () => restarts.add(),
    expose: (service) => {
      const all = [
        ...[requests, successes, failures, statuses, truncated, tokens, restarts, batches],
        ...[duration, stages.tokenize, stages.queue, stages.run],
        ...[size, batchTokens, batchMs, fill],
        ...gauges(service),
        ...processMetrics(),
      ];
      return all.map((metric) => metric.expose()).join("");
    },
  };
}

function gauges(service: Service) {
  const byClass = (figure: "requests" | "tokens" | "oldestMs", scale = 1) => {
    return () =>
      priorities.map((name) => [service.depth(name)[figure] * scale, { class: name }] as const);
  };
  return [
    gauge("te_queue_size", "Requests that wait, by class", byClass("requests")),
    gauge("nearfold_queue_tokens", "Tokens that wait, by class", byClass("tokens")),
    gauge("nearfold_queue_age_seconds", "How long the oldest waits", byClass("oldestMs", 1e-3)),
    gauge("nearfold_tokens_per_second", "Speed of a model, as batches go", () =>
      Object.entries(service.lanes).map(
        ([lane, { tokensPerMs }]) => [1000 * tokensPerMs * service.workers, { lane }] as const,
      ),
    ),
    ...modelMetrics(service),
    ...cacheMetrics(service),
    gauge("nearfold_ready", "1 where every model can answer", () => [[service.isReady ? 1 : 0]]),
  ];
}
