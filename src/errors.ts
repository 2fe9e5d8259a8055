/** What can go wrong, as a closed list. Who is at fault decides the exit code and the HTTP status. */
const codes = {
  /** An option or an argument that makes no sense. */
  "bad-argument": { exit: 2, status: 400 },
  /** A file or a body that is malformed, truncated or hostile. */
  "bad-input": { exit: 2, status: 400 },
  /** A file, folder, model or document that is not there. */
  "not-found": { exit: 2, status: 404 },
  /** Not for whoever asks: a token is missing, wrong, or not enough. */
  forbidden: { exit: 2, status: 403 },
  /** Something is there already and would be overwritten. */
  exists: { exit: 2, status: 409 },
  /** Two things that must agree and do not: tokenizer and weights, store and model. */
  mismatch: { exit: 2, status: 409 },
  /** Well-formed, but not something this program can do. */
  unsupported: { exit: 2, status: 501 },
  /** Larger than the stated bound. */
  "too-large": { exit: 2, status: 413 },
  /** The work was done, and what came of it does not meet a requirement that the caller stated. */
  unmet: { exit: 3, status: 422 },
  /** More is asked for than can be done in time: ask again later. */
  overloaded: { exit: 1, status: 429 },
  /** It took longer than the caller or the operator allows. */
  timeout: { exit: 1, status: 504 },
  /** The caller asked for it to stop. */
  aborted: { exit: 130, status: 499 },
  /** The disk, the network or the operating system refused. */
  io: { exit: 1, status: 503 },
  /** A NaN or an infinity where a number was computed. */
  "not-finite": { exit: 1, status: 500 },
  /** A broken invariant of ours. */
  bug: { exit: 1, status: 500 },
} as const satisfies Record<string, { exit: number; status: number }>;

export type ErrorCode = keyof typeof codes;

export interface ErrorDetails {
  /** What was found. */
  readonly got?: string;
  /** What was expected instead. */
  readonly wanted?: string;
  /** Where: a file, a file and line (`pairs.jsonl:12`), a node, an option. */
  readonly at?: string;
  /** What the reader can do about it. */
  readonly hint?: string;
  readonly cause?: unknown;
}

/**
 * The one error class. The message reads
 * `AT: WHAT (got GOT, wanted WANTED). HINT`.
 */
export class NearfoldError extends Error {
  readonly code: ErrorCode;
  /** What went wrong, without the rest of the message. */
  readonly what: string;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, what: string, details: ErrorDetails = {}) {
    super(describe(what, details), { cause: details.cause });
    this.name = "NearfoldError";
    this.code = code;
    this.what = what;
    this.details = details;
  }

  /** Process exit code: 2 for a mistake of the caller's, 3 for a requirement that is not met, 1 for a failure of ours. */
  get exitCode(): number {
    return codes[this.code].exit;
  }

  /** HTTP status of the same fault. */
  get httpStatus(): number {
    return codes[this.code].status;
  }
}

function describe(what: string, { at, got, wanted, hint }: ErrorDetails): string {
  const facts = [got !== undefined && `got ${got}`, wanted !== undefined && `wanted ${wanted}`];
  const found = facts.filter((fact) => fact !== false).join(", ");
  return `${at ? `${at}: ` : ""}${what}${found ? ` (${found})` : ""}${hint ? `. ${hint}` : ""}`;
}

/** A broken invariant of ours: whoever sees it should report it. */
export function bug(what: string, details: ErrorDetails = {}): NearfoldError {
  return new NearfoldError("bug", what, details);
}

/** Throws `aborted` when the signal has fired; `what` says which work was stopped. */
export function throwIfAborted(signal: AbortSignal | undefined, what: string): void {
  if (signal?.aborted) throw new NearfoldError("aborted", `${what} was stopped`);
}
