/** What waits for a model. */

/** Interactive requests, a query or a few, go before bulk ones. */
export const priorities = ["interactive", "bulk"] as const;
export type Priority = (typeof priorities)[number];

/** A request and those of its inputs that were not taken yet. */
export interface Waiting {
  readonly id: number;
  readonly priority: Priority;
  /** The session that it needs: a batch is of one. */
  readonly lane: string;
  /** Of each input, in the order of the request; none is 0. */
  readonly tokens: readonly number[];
  /** How many inputs, from the first on, earlier batches took. */
  readonly taken: number;
  /** Of the inputs that no batch took yet. */
  readonly tokensLeft: number;
  /** On the clock of `planBatch`'s `now`, in milliseconds: later nobody waits for the answer. */
  readonly deadline: number;
  /** Nobody waits any more. */
  readonly gone: boolean;
  /** It was in a batch that failed: it runs alone, so that nobody fails with it again. */
  readonly alone: boolean;
}

/** Who waits, first come first. */
export interface QueueState<Request extends Waiting = Waiting> {
  readonly waiting: Readonly<Record<Priority, readonly Request[]>>;
  /** Milliseconds of work that bulk is owed, because interactive requests went before it. */
  readonly owedMs: number;
  readonly running: Running;
}

/** What the sessions of a graph can do. */
export interface Lane {
  /** Tokens of a batch, where one input is not more. */
  readonly budgetTokens: number;
  /** The same of a batch of bulk, which an interactive request may have to wait for. */
  readonly sliceTokens: number;
  /** Of one session, while all of them run. */
  readonly tokensPerMs: number;
  /** Tokens of a batch that all cores do in the time of a slice; 0 where no session has all cores. */
  readonly wideTokens: number;
}

/** What runs now, of all lanes. */
export interface Running {
  /** Sessions with a share of the cores that run nothing. */
  readonly idle: number;
  /** Those that run interactive requests. */
  readonly interactive: number;
  /** Whether a session with all cores runs. */
  readonly wide: boolean;
}
