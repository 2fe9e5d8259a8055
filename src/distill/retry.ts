/** Which failures of a service pass by themselves, and how long to wait for that. */

/** Tries in all. */
export const TRIES = 7;

const FIRST_MS = 500;
const LONGEST_MS = 60_000;
/** What a service may ask for itself. */
const LONGEST_ASKED_MS = 300_000;

/** Whether the same request may succeed later: too many of them, or a fault of the server's. */
export function isPassing(status: number): boolean {
  return status === 429 || status === 408 || (status >= 500 && status !== 501 && status !== 505);
}

/**
 * Milliseconds before the next try: twice as long each time, up to a minute; or as long as the service asks for (`Retry-After`, in
 * seconds or as a date; RFC 9110 §10.2.3), up to five minutes.
 * @param failures how many there were, from 1
 * @param now milliseconds since 1970
 */
export function waitMs(failures: number, retryAfter: string | null, now: number): number {
  const own = Math.min(LONGEST_MS, FIRST_MS * 2 ** (failures - 1));
  const asked = askedMs(retryAfter, now);
  return asked === undefined ? own : Math.min(LONGEST_ASKED_MS, Math.max(0, asked));
}

function askedMs(retryAfter: string | null, now: number): number | undefined {
  if (retryAfter === null) return undefined;
  if (/^\s*\d{1,9}(\.\d+)?\s*$/.test(retryAfter)) return 1000 * Number(retryAfter);
  const date = Date.parse(retryAfter);
  return Number.isNaN(date) ? undefined : date - now;
}
