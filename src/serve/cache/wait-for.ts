/** Waiting for work that another request has begun. */
import { NearfoldError } from "../../errors.ts";

export interface WaitOptions {
  /** Milliseconds from now. */
  readonly timeoutMs: number;
  /** The client went away. */
  readonly signal?: AbortSignal;
}

/** What comes of a promise, for as long as somebody waits for it. @throws as the promise; aborted; timeout */
export async function waitFor<T>(
  promise: Promise<T>,
  { timeoutMs, signal }: WaitOptions,
): Promise<T> {
  const given = Promise.withResolvers<never>();
  const leave = () => given.reject(new NearfoldError("aborted", "the client went away"));
  if (signal?.aborted) leave();
  signal?.addEventListener("abort", leave, { once: true });
  const late = () =>
    given.reject(new NearfoldError("timeout", "the request was not done in the time that it has"));
  const timer = setTimeout(late, Math.max(0, timeoutMs));
  try {
    return await Promise.race([promise, given.promise]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", leave);
  }
}
