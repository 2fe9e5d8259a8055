/** A model that writes, behind OpenAI's `POST /chat/completions` (https://platform.openai.com/docs/api-reference/chat). */
import { askAgain, type Passing, reasonOf, refusalOf, routeOf } from "../../distill/service.ts";
import { NearfoldError, throwIfAborted } from "../../errors.ts";
import { AnswerReader, type Generated } from "./answer-reader.ts";
import type { ChatMessage } from "./prompt.ts";

export interface ChatEndpointOptions {
  /** Where its routes begin: `http://127.0.0.1:8000/v1`. */
  readonly url: string;
  /** What it calls the model. */
  readonly model: string;
  /** Sent as a bearer token. @default none */
  readonly key?: string | undefined;
  /** How freely it writes. @default the service's */
  readonly temperature?: number | undefined;
  /** Until an answer begins, and between two parts of it. @default 120,000 */
  readonly timeoutMs?: number | undefined;
  /** Told before each wait. */
  readonly onRetry?: (retry: { readonly reason: string; readonly waitMs: number }) => void;
}

export interface GenerateOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called with each part of the answer. */
  readonly onText: (text: string) => void;
}

/** Writes an answer to messages. */
export type Generate = (
  messages: readonly ChatMessage[],
  options: GenerateOptions,
) => Promise<Generated>;

const WHAT = "asking the model";

/**
 * Streams; a service that doesn't is understood too. Asks again what failed for a while, as long as nothing of the answer has come. Redirections are not followed: documents go
 * to the service that was named, and to no other.
 * @throws bad-argument for what is no URL; when asked: forbidden, bad-input for what is no answer, too-large, aborted, io once all tries failed or an answer broke off
 */
export function chatEndpoint(options: ChatEndpointOptions): Generate {
  const url = routeOf(options.url, "chat/completions");
  return (messages, how) =>
    askAgain(() => attempt(url, messages, options, how), {
      at: url,
      what: WHAT,
      signal: how.signal,
      onRetry: options.onRetry,
    });
}

async function attempt(
  url: string,
  messages: readonly ChatMessage[],
  { model, key, temperature, timeoutMs = 120_000 }: ChatEndpointOptions,
  { signal, onText }: GenerateOptions,
): Promise<{ readonly answer: Generated } | Passing> {
  const silence = new AbortController();
  const timer = setTimeout(() => silence.abort(new Error("no answer in time")), timeoutMs);
  const reader = new AnswerReader(url, onText);
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        accept: "text/event-stream",
        ...(key !== undefined && { authorization: `Bearer ${key}` }),
      },
      body: JSON.stringify({
        ...{ model, messages, stream: true },
        ...(temperature !== undefined && { temperature }),
      }),
      redirect: "manual",
      signal: signal ? AbortSignal.any([signal, silence.signal]) : silence.signal,
    });
    if (!response.ok) return refusalOf(response, await beginningOf(response), url);
    const isStream = response.headers.get("content-type")?.includes("text/event-stream") ?? false;
    reader.begin(isStream);
    for await (const part of response.body ?? []) {
      timer.refresh();
      if (reader.push(part)) break;
    }
    return { answer: reader.end() };
  } catch (cause) {
    throwIfAborted(signal, WHAT);
    if (cause instanceof NearfoldError) throw cause;
    const reason = silence.signal.aborted ? "no answer in time" : reasonOf(cause);
    if (!reader.began) return { reason, retryAfter: null, cause };
    throw new NearfoldError("io", "the answer broke off", { at: url, got: reason, cause });
  } finally {
    clearTimeout(timer);
  }
}

/** So much of a body as an error shows. */
async function beginningOf({ body }: Response): Promise<string> {
  let text = "";
  const decoder = new TextDecoder();
  for await (const part of body ?? []) {
    text += decoder.decode(part, { stream: true });
    if (text.length > 1000) break;
  }
  return text;
}
