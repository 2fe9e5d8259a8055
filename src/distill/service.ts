/** A service behind HTTP that is asked again where its failure may pass. */
import { setTimeout } from "node:timers/promises";
import { NearfoldError, throwIfAborted } from "../errors.ts";
import { isPassing, TRIES, waitMs } from "./retry.ts";

/** What may pass by itself. */
export interface Passing {
  readonly reason: string;
  readonly retryAfter: string | null;
  readonly cause?: unknown;
}

export interface AskAgainOptions {
  /** The service, as errors name it. */
  readonly at: string;
  /** What is under way: "asking the teacher". */
  readonly what: string;
  /** What to do once all tries failed. */
  readonly hint?: string;
  readonly signal?: AbortSignal | undefined;
  /** Told before each wait. */
  readonly onRetry?:
    | ((retry: { readonly reason: string; readonly waitMs: number }) => void)
    | undefined;
}

/**
 * Asks until there is an answer, longer apart each time, as the service asks for itself.
 * @param attempt throws for a failure that another try would not mend
 * @throws io once all tries failed, aborted
 */
export async function askAgain<T>(
  attempt: () => Promise<{ readonly answer: T } | Passing>,
  { at, what, hint, signal, onRetry }: AskAgainOptions,
): Promise<T> {
  for (let failures = 1; ; failures++) {
    throwIfAborted(signal, what);
    const tried = await attempt();
    if ("answer" in tried) return tried.answer;
    const { reason, retryAfter, cause } = tried;
    if (failures === TRIES) {
      const details = { at, got: reason, ...(hint !== undefined && { hint }), cause };
      throw new NearfoldError("io", `the service failed ${TRIES} times`, details);
    }
    const wait = waitMs(failures, retryAfter, Date.now());
    onRetry?.({ reason, waitMs: wait });
    await setTimeout(wait, undefined, signal && { signal }).catch(() => {});
  }
}

/**
 * What a status other than 2xx is.
 * @param body what came with it
 * @throws forbidden, bad-input for what another try would not mend
 */
export function refusalOf(response: Response, body: string, at: string): Passing {
  const { status, headers } = response;
  if (isPassing(status)) {
    return { reason: `status ${status}`, retryAfter: headers.get("retry-after") };
  }
  const denied = status === 401 || status === 403;
  throw new NearfoldError(denied ? "forbidden" : "bad-input", "the service refuses", {
    at,
    got: `status ${status}: ${body.replaceAll(/\s+/g, " ").slice(0, 200)}`,
    ...(denied && { hint: "Is its key set?" }),
  });
}

/** `fetch` says "fetch failed" and keeps the reason for its cause. */
export function reasonOf(error: unknown): string {
  const { message, code, cause } = (error ?? {}) as NodeJS.ErrnoException;
  return cause === undefined ? (code ?? message ?? String(error)) : reasonOf(cause);
}

/** The URL of a route: "embeddings" below "http://127.0.0.1:8080/v1". @throws bad-argument */
export function routeOf(text: string, route: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && (url.protocol === "http:" || url.protocol === "https:")) {
    return `${url.href.replace(/\/+$/, "")}/${route}`;
  }
  const details = { got: text, wanted: "http://HOST:PORT/v1" };
  throw new NearfoldError("bad-argument", "not the URL of a service", details);
}
