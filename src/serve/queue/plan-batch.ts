/** Which inputs go through a model next: a pure decision over what waits. */
import type { Lane, Priority, QueueState, Waiting } from "./waiting.ts";

export interface BatchPolicy {
  readonly lanes: Readonly<Record<string, Lane>>;
  /** The share of the time that bulk gets while both wait, above 0 and below 1. */
  readonly bulkShare: number;
  /** Inputs of a batch. */
  readonly maxBatchInputs: number;
}

/** Inputs `from` to before `to` of a request. */
export interface Take<Request extends Waiting = Waiting> {
  readonly request: Request;
  readonly from: number;
  readonly to: number;
}

export interface Batch<Request extends Waiting = Waiting> {
  readonly priority: Priority;
  readonly lane: string;
  readonly takes: readonly Take<Request>[];
  readonly tokens: number;
}

export interface BatchPlan<Request extends Waiting = Waiting> {
  /** Absent where nobody waits. */
  readonly batch?: Batch<Request>;
  /** Requests met on the way for which nobody waits any more: not one of their inputs is in the batch. */
  readonly dropped: readonly Request[];
  readonly owedMs: number;
}

/**
 * The next batch. It is of one class and one session; the first request of its class decides which session, and the others of that session follow as
 * they came, until one more input would exceed the tokens of a batch. A single input may be larger than that, alone.
 *
 * Interactive requests go first. Each of their batches, while bulk waits, adds `share / (1 - share)` of its time to what bulk is owed; bulk goes
 * first when it is owed the whole time of its next slice, and always when it waits alone. So it gets its share to within one slice.
 */
export function planBatch<Request extends Waiting>(
  state: QueueState<Request>,
  policy: BatchPolicy,
  now: number,
): BatchPlan<Request> {
  const dropped: Request[] = [];
  const isLive = (request: Request) => {
    const live = !request.gone && request.deadline > now;
    if (!live) dropped.push(request);
    return live;
  };
  const queries = state.waiting.interactive.filter(isLive);
  const documents = state.waiting.bulk.filter(isLive);
  const slice = fill(documents, policy);
  const sliceMs = slice ? timeOf(slice, policy) : 0;
  const batch = slice && state.owedMs >= sliceMs ? slice : (fill(queries, policy) ?? slice);
  if (!batch) return { dropped, owedMs: 0 };
  const owedMs = nextOwed(state.owedMs, batch, { policy, bothWait: !!slice && queries.length > 0 });
  return { batch, dropped, owedMs };
}

function fill<Request extends Waiting>(
  requests: readonly Request[],
  policy: BatchPolicy,
): Batch<Request> | undefined {
  const [first] = requests;
  if (!first) return undefined;
  const { lane, priority } = first;
  const { budgetTokens, sliceTokens } = policy.lanes[lane];
  const most = priority === "bulk" ? Math.min(sliceTokens, budgetTokens) : budgetTokens;
  const fitting = first.alone ? [first] : requests.filter((r) => r.lane === lane && !r.alone);
  const takes: Take<Request>[] = [];
  let [tokens, inputs] = [0, 0];
  for (const request of fitting) {
    let to = request.taken;
    for (; to < request.tokens.length; to++, inputs++) {
      const next = request.tokens[to];
      if (inputs > 0 && (tokens + next > most || inputs >= policy.maxBatchInputs)) break;
      tokens += next;
    }
    if (to > request.taken) takes.push({ request, from: request.taken, to });
    if (to < request.tokens.length) break;
  }
  return { priority, lane, takes, tokens };
}

function nextOwed(
  owedMs: number,
  batch: Batch,
  { policy, bothWait }: { readonly policy: BatchPolicy; readonly bothWait: boolean },
): number {
  // Nothing is saved up for a time when nobody had to wait.
  if (!bothWait) return 0;
  const ms = timeOf(batch, policy);
  const { bulkShare } = policy;
  if (batch.priority === "interactive") return owedMs + (ms * bulkShare) / (1 - bulkShare);
  return owedMs - ms;
}

function timeOf({ tokens, lane }: Batch, { lanes }: BatchPolicy): number {
  return tokens / lanes[lane].tokensPerMs;
}
