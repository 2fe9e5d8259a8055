/** One request to the Hub. */
import { NearfoldError } from "../errors.ts";
import { type Asking, hintOf, subjectOf } from "./asking.ts";
import { refusal } from "./refusal.ts";

/**
 * The Hub's answer, of a status that says yes. The token goes to the Hub's own origin only: `fetch` drops it where a
 * redirect leads elsewhere, as to a CDN.
 * @throws aborted, io, not-found, forbidden; mismatch for a range that the file does not have
 */
export async function request(
  url: string,
  headers: Readonly<Record<string, string>>,
  asking: Asking,
): Promise<Response> {
  const { endpoint, token, signal } = asking;
  const isOurs = new URL(url).origin === endpoint.origin;
  const credentials = token && isOurs ? { authorization: `Bearer ${token}` } : {};
  const all = { "user-agent": "nearfold", ...headers, ...credentials };
  let response: Response;
  try {
    response = await fetch(url, { headers: all, signal: signal ?? null });
  } catch (cause) {
    throw connectionError(cause, asking);
  }
  if (response.ok) return response;
  await response.body?.cancel();
  throw refusal(response, asking);
}

/** What `fetch` or the reading of a body threw: stopped by the caller, or no connection (any more). */
export function connectionError(cause: unknown, asking: Asking): NearfoldError {
  const details = { at: subjectOf(asking), hint: hintOf(asking), cause };
  if (asking.signal?.aborted) {
    return new NearfoldError("aborted", "the download was stopped", details);
  }
  const what = `${asking.endpoint.href} cannot be reached`;
  return new NearfoldError("io", what, { ...details, got: reasonOf(cause) });
}

/** `fetch` says "fetch failed" and keeps the reason for its cause. */
function reasonOf(error: unknown): string {
  const { message, code, cause } = (error ?? {}) as NodeJS.ErrnoException;
  return cause === undefined ? (code ?? message ?? String(error)) : reasonOf(cause);
}
