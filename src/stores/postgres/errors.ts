/** What PostgreSQL and its driver say, as errors of ours. Source: https://www.postgresql.org/docs/18/errcodes-appendix.html */
import { type ErrorCode, NearfoldError } from "../../errors.ts";
import { type ServerReference, withoutPasswords } from "../server-reference.ts";

interface Meaning {
  readonly code: ErrorCode;
  readonly what: string;
  readonly hint?: string;
}

/** By the whole code, then by its class. */
const meanings: Readonly<Record<string, Meaning>> = {
  "28": {
    code: "forbidden",
    what: "the server lets this user not in",
    hint: "Is the password right?",
  },
  "3D": { code: "not-found", what: "there is no such database" },
  "42501": { code: "forbidden", what: "this user may not do that" },
  "42P01": { code: "not-found", what: "a table of the index is gone" },
  "57014": { code: "timeout", what: "it took longer than the statement timeout allows" },
  "40": { code: "io", what: "another transaction was in the way", hint: "Try again" },
  "53": { code: "overloaded", what: "the server has no more room", hint: "Try again later" },
  "54": { code: "too-large", what: "more than the server takes" },
  "25006": { code: "forbidden", what: "the server takes no changes" },
  "08": { code: "io", what: "the connection broke" },
  "57": { code: "io", what: "the server was shut down, or is starting", hint: "Try again" },
};

const UNREACHABLE = /^(?:ECONN\w+|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|EPIPE)$/;
const BROKEN = /terminated|not queryable|Connection ended|connection timeout|trying to connect/i;

/** Whether the connection is gone, or never was: nothing of what was asked need have happened. */
export function isLost(error: unknown): boolean {
  const { code = "", message = "" } = error as { code?: string; message?: string };
  if (UNREACHABLE.test(code) || /^(?:08|57P0)/.test(code)) return true;
  return code === "" && BROKEN.test(message);
}

/** Whether the whole transaction may be tried once more. */
export function isConflict(error: unknown): boolean {
  return /^40(?:001|P01)$/.test((error as { code?: string }).code ?? "");
}

/**
 * @param doing what was wanted: "upsert", …
 * @returns an error without any password; what it came from is told by its message alone
 */
export function toStoreError(
  cause: unknown,
  reference: ServerReference,
  doing: string,
): NearfoldError {
  if (cause instanceof NearfoldError) return cause;
  const { code = "", message = String(cause) } = cause as { code?: string; message?: string };
  // Of several addresses that were tried, each has its own error.
  const text = message || (cause as AggregateError).errors?.map(String).join("; ") || code;
  const got = withoutPasswords(text, reference);
  const { code: ours, what, hint } = meaningOf(code, cause);
  return new NearfoldError(ours, what, {
    ...{ at: reference.name, got, wanted: doing },
    ...(hint !== undefined && { hint }),
    cause: new Error(got),
  });
}

function meaningOf(code: string, cause: unknown): Meaning {
  const known = meanings[code] ?? meanings[code.slice(0, 2)];
  if (known) return known;
  if (isLost(cause)) {
    const hint = "Is it running, and is its address right?";
    return { code: "io", what: "the server does not answer", hint };
  }
  return { code: "io", what: "the server refused" };
}
