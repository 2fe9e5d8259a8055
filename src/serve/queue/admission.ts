/** Who is let in: one rule for single and batch requests, by the time they would have to wait. */
import { NearfoldError } from "../../errors.ts";
import type { Priority } from "./waiting.ts";

/** Milliseconds of work that was let in and is not done, by class. */
export type Backlog = Readonly<Record<Priority, number>>;

export interface AdmissionPolicy {
  /** The longest wait that a request is let in for, in milliseconds. */
  readonly maxWaitMs: Readonly<Record<Priority, number>>;
  readonly bulkShare: number;
}

/**
 * Milliseconds until what a class has let in is done: interactive requests wait for their own kind, and for the share that bulk takes; bulk waits
 * for both, or, where interactive requests keep coming, for its share.
 */
export function expectedWaitMs(
  backlog: Backlog,
  priority: Priority,
  { bulkShare }: Pick<AdmissionPolicy, "bulkShare">,
): number {
  const { interactive, bulk } = backlog;
  if (priority === "bulk") return Math.min(interactive + bulk, bulk / bulkShare);
  return interactive + Math.min(bulk, (interactive * bulkShare) / (1 - bulkShare));
}

/**
 * Lets a request in where its class' wait is short enough. What the request itself costs does not count: one that is larger than the bound must
 * not be refused for ever.
 * @throws overloaded, with `retryAfterSeconds` in its cause
 */
export function requireRoom(backlog: Backlog, priority: Priority, policy: AdmissionPolicy): void {
  const wait = expectedWaitMs(backlog, priority, policy);
  const most = policy.maxWaitMs[priority];
  if (wait <= most) return;
  const cause: Overload = { retryAfterSeconds: Math.max(1, Math.ceil((wait - most / 2) / 1000)) };
  throw new NearfoldError("overloaded", "the server has more to do than it can", {
    got: `${Math.round(wait)} ms of ${priority} work waiting`,
    wanted: `at most ${most} ms`,
    hint: `Ask again in ${cause.retryAfterSeconds} s`,
    cause,
  });
}

/** What a refusal tells a client. */
export interface Overload {
  /** Until half of what may wait is done. */
  readonly retryAfterSeconds: number;
}
