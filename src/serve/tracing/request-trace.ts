/** A request as spans: itself, and its stages as children. Nothing of a text is in them. */
import type { NearfoldError } from "../../errors.ts";
import type { AnswerFacts, EmbedRequest, StageTimes } from "../embed-request.ts";

/** Where spans go. Close with `await using`: those that wait are sent first, if that takes seconds alone. */
export interface Tracing extends AsyncDisposable {
  begin(request: ArrivedRequest): RequestTrace;
}

export interface ArrivedRequest {
  readonly method: string;
  /** The path of the route. */
  readonly route: string;
  /** `traceparent` and `tracestate` are read (https://www.w3.org/TR/trace-context/): whoever asks decides whether the request is traced. */
  readonly headers: Headers;
  /** When it arrived, on the clock of `performance.now`. */
  readonly start: number;
}

/** The span of one request, until it is answered. */
export interface RequestTrace {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** Texts are to be embedded for it. */
  asks(request: Pick<EmbedRequest, "model" | "inputs">): void;
  /** They are. `start` is when it was asked, on the clock of `performance.now`. */
  embedded(answer: AnswerFacts, start: number): void;
  end(outcome: { readonly status: number; readonly error?: NearfoldError }): void;
}

export type Attributes = Readonly<Record<string, string | number>>;

export interface StageSpan {
  readonly name: keyof StageTimes;
  /** On the clock of `performance.now`. */
  readonly start: number;
  readonly end: number;
  readonly attributes: Attributes;
}

/** The stages of an answer, one after the other from `start` on; what took no time at all was not done. */
export function stageSpans(answer: AnswerFacts, start: number): readonly StageSpan[] {
  const { inputs, times, tokens, priority, batches, batchTokens } = answer;
  const attributes: Readonly<Record<keyof StageTimes, Attributes>> = {
    tokenize: { "nearfold.inputs": inputs, "nearfold.tokens": tokens },
    queue: { "nearfold.class": priority },
    run: {
      "nearfold.tokens": tokens,
      "nearfold.batches": batches,
      "nearfold.batch_tokens": batchTokens,
    },
  };
  const spans: StageSpan[] = [];
  let at = start;
  for (const name of ["tokenize", "queue", "run"] as const) {
    const end = at + times[name];
    if (end > at) spans.push({ name, start: at, end, attributes: attributes[name] });
    at = end;
  }
  return spans;
}

/** What the span of a request says once it is answered. */
export function answerAttributes(answer: AnswerFacts): Attributes {
  return {
    "nearfold.class": answer.priority,
    "nearfold.tokens": answer.tokens,
    "nearfold.truncated": answer.truncated.length,
  };
}
