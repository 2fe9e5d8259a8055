/** Which inputs go through a model next: a pure decision over what waits. */
import type { Lane, Priority, QueueState, Running, Waiting } from "./waiting.ts";

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
  /** On the session that has all cores, for a few queries; else on one of those that have a share. */
  readonly wide: boolean;
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
 * they came, until one more input would exceed the tokens of a batch. A single input may be larger than that, alone. What waits is divided among the
 * sessions that are idle.
 *
 * A few queries, where no other queries run, go to the session that has all cores, at once and beside whatever bulk runs: they are its own time away, and bulk, whose threads
 * yield, gets what they leave. Where there are more, cores do more with a batch each.
 *
 * There, interactive requests go first. Each of their batches, while bulk waits, adds `share / (1 - share)` of its time to what bulk is owed; bulk goes
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
  const { owedMs, running } = state;
  const queries = state.waiting.interactive.filter(isLive);
  const documents = state.waiting.bulk.filter(isLive);
  const few = fillWide(queries, { policy, running });
  if (few) return { batch: few, dropped, owedMs };
  if (running.idle === 0) return { dropped, owedMs };
  const slice = fill(documents, policy, running.idle);
  const sliceMs = slice ? timeOf(slice, policy) : 0;
  // Behind others that have all cores, queries are soon among the next few.
  const next = running.wide ? undefined : fill(queries, policy, running.idle);
  const batch = slice && owedMs >= sliceMs ? slice : (next ?? slice);
  if (!batch) return { dropped, owedMs: 0 };
  const bothWait = !!slice && !!next;
  return { batch, dropped, owedMs: nextOwed(owedMs, batch, { policy, bothWait }) };
}

/**
 * The batch after the one that a session of this lane runs, so that it need not wait for the event loop between the two: only one that is full of interactive requests, which
 * no more could join, and where no bulk waits for its turn.
 */
export function planAhead<Request extends Waiting>(
  { waiting }: Pick<QueueState<Request>, "waiting">,
  policy: BatchPolicy,
  { lane, now }: { readonly lane: string; readonly now: number },
): Batch<Request> | undefined {
  const live = (request: Request) => !request.gone && request.deadline > now;
  if (waiting.bulk.some(live)) return undefined;
  const batch = fill(waiting.interactive.filter(live), policy, 1);
  if (batch?.lane !== lane) return undefined;
  return batch.tokens < NEARLY_FULL * policy.lanes[lane].budgetTokens ? undefined : batch;
}

/** Of the tokens of a batch: the next input may be too long for what is left. */
const NEARLY_FULL = 0.75;

/** All interactive requests that wait, where they are few. */
function fillWide<Request extends Waiting>(
  requests: readonly Request[],
  { policy, running }: { readonly policy: BatchPolicy; readonly running: Running },
): Batch<Request> | undefined {
  const [first] = requests;
  if (!first || running.wide || running.interactive > 0) return undefined;
  const { wideTokens } = policy.lanes[first.lane];
  const tokens = tokensOf(requests);
  const isOne = requests.every(({ lane, alone }) => lane === first.lane && !alone);
  if (!isOne || tokens > wideTokens) return undefined;
  const takes = requests.map((request) => {
    return { request, from: request.taken, to: request.tokens.length };
  });
  return { wide: true, priority: first.priority, lane: first.lane, takes, tokens };
}

function fill<Request extends Waiting>(
  requests: readonly Request[],
  policy: BatchPolicy,
  idle: number,
): Batch<Request> | undefined {
  const [first] = requests;
  if (!first) return undefined;
  const { lane, priority } = first;
  const { budgetTokens, sliceTokens } = policy.lanes[lane];
  const fitting = first.alone ? [first] : requests.filter((r) => r.lane === lane && !r.alone);
  const waiting = tokensOf(fitting);
  const limit = priority === "bulk" ? Math.min(sliceTokens, budgetTokens) : budgetTokens;
  const most = Math.min(limit, Math.ceil(waiting / idle));
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
  return { wide: false, priority, lane, takes, tokens };
}

function tokensOf(requests: readonly Waiting[]): number {
  return requests.reduce((sum, { tokensLeft }) => sum + tokensLeft, 0);
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
