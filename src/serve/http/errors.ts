/** What went wrong, in the words of each protocol. */
import { bug, type ErrorCode, NearfoldError } from "../../errors.ts";
import { EMPTY } from "../embed-request.ts";
import type { Overload } from "../queue/admission.ts";

/** text-embeddings-inference's types (router/src/lib.rs, `ErrorType`). */
type TeiType = "Unhealthy" | "Backend" | "Overloaded" | "Validation" | "Tokenizer" | "Empty";

interface Answer {
  readonly status: number;
  /** OpenAI's type, and its code where it has one. */
  readonly openai: readonly [type: string, code: string | null];
  readonly tei: readonly [status: number, type: TeiType];
}

const invalid: Answer = {
  status: 400,
  openai: ["invalid_request_error", null],
  tei: [422, "Validation"],
};
const broken: Answer = { status: 500, openai: ["server_error", null], tei: [424, "Backend"] };

/** Every fault, as a client is told of it. */
const answers: Readonly<Record<ErrorCode, Answer>> = {
  "bad-argument": invalid,
  "bad-input": invalid,
  unsupported: invalid,
  mismatch: { ...invalid, status: 409 },
  exists: { ...invalid, status: 409 },
  unmet: invalid,
  "not-found": {
    status: 404,
    openai: ["invalid_request_error", "model_not_found"],
    tei: [404, "Validation"],
  },
  forbidden: {
    status: 401,
    openai: ["invalid_request_error", "invalid_api_key"],
    tei: [401, "Validation"],
  },
  "too-large": { status: 413, openai: ["invalid_request_error", null], tei: [413, "Validation"] },
  overloaded: {
    status: 429,
    openai: ["rate_limit_exceeded", "rate_limit_exceeded"],
    tei: [429, "Overloaded"],
  },
  timeout: { status: 504, openai: ["server_error", "timeout"], tei: [504, "Overloaded"] },
  aborted: { status: 499, openai: ["invalid_request_error", null], tei: [499, "Validation"] },
  io: { status: 503, openai: ["server_error", null], tei: [503, "Unhealthy"] },
  "not-finite": broken,
  bug: broken,
};

/** Marks the refusal of a method. */
export const METHOD = "method";
/** Marks the refusal of a key that is right, for something that it does not allow. */
export const NOT_ALLOWED = "not allowed";

/** How a route speaks of errors. */
export const errorStyles = { openai: toOpenAi, tei: toTei } as const satisfies Record<
  string,
  (error: NearfoldError) => Response
>;

export type ErrorStyle = keyof typeof errorStyles;

/** What anything thrown is to a client: what is no error of ours says nothing of itself. */
export function asKnown(error: unknown): NearfoldError {
  return error instanceof NearfoldError ? error : bug("the server failed", { cause: error });
}

/** `{"error": {"message", "type", "param", "code"}}` (https://platform.openai.com/docs/guides/error-codes). */
function toOpenAi(error: NearfoldError): Response {
  const { status, openai } = answers[error.code];
  const [type, known] = openai;
  const param = error.details.at ?? null;
  // What is not there is a model, or else a route.
  const code = error.code === "not-found" && param === null ? "unknown_url" : known;
  const body = { error: { message: messageOf(error), type, param, code } };
  return Response.json(body, statusOf(error, status));
}

/** `{"error", "error_type"}`. */
function toTei(error: NearfoldError): Response {
  const [status, type] = error.details.cause === EMPTY ? [400, "Empty"] : answers[error.code].tei;
  const body = { error: messageOf(error), error_type: type };
  return Response.json(body, statusOf(error, status));
}

function statusOf(error: NearfoldError, status: number): ResponseInit {
  const { cause, wanted } = error.details;
  if (cause === METHOD) return { status: 405, headers: { allow: wanted ?? "" } };
  if (cause === NOT_ALLOWED) return { status: 403 };
  return { status, headers: headersOf(error) };
}

function messageOf(error: NearfoldError): string {
  return error.code === "bug" ? "the server failed" : error.message;
}

function headersOf({ code, details }: NearfoldError): Record<string, string> {
  if (code === "forbidden") return { "www-authenticate": "Bearer" };
  if (code === "io") return { "retry-after": "1" };
  if (code !== "overloaded") return {};
  return { "retry-after": `${(details.cause as Overload).retryAfterSeconds}` };
}
