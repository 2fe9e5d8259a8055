/** The sessions of one graph that a server runs side by side. */
import { availableParallelism, totalmem } from "node:os";
import type { Forward, ForwardOptions } from "../encoder/index.ts";
import { fittingSessions } from "../runtime/session-pool.ts";
import { openSupervised, type Supervised, type SupervisedOptions } from "./supervised.ts";

/** A session by its place among those with a share of the cores, or the one that has all. */
export type Slot = number | "wide";

export interface SessionSetOptions {
  /** Cores that may be used. @default those that this process may use */
  readonly threads?: number;
  /** Into how many shares the cores are divided; 1: one session has all of them, and none a share. */
  readonly workers: number;
  readonly onRestart?: SupervisedOptions["onRestart"];
}

/** Close with `await using`. */
export interface SessionSet extends AsyncDisposable {
  /** As many as the cores have shares. */
  readonly narrow: readonly Supervised[];
  /** Absent where those of `narrow` have all cores. */
  readonly wide: Supervised | undefined;
  readonly isUp: boolean;
  /** Opens again those that are down. */
  wake(): void;
  /** Where other models have more shares than this one, several share a session. */
  at(slot: Slot): Supervised;
}

/** More batches side by side than this leave each too little of the memory's speed. */
const MOST_WORKERS = 4;

/** A worker for each core, as far as there is memory for so many copies of the weights and the one that has all cores. */
export function chooseWorkers(weightBytes: number, cores = availableParallelism()): number {
  const copies = fittingSessions(weightBytes, memoryBytes());
  const workers = Math.min(cores, MOST_WORKERS, copies - 1);
  return Math.max(workers, 1);
}

function memoryBytes(): number {
  return process.constrainedMemory() || totalmem();
}

/**
 * Sessions with a share of the cores each do more together than one with all of them: no operator waits for the slower half of another one, least of all while the protocols
 * need a core too. They yield to every other thread. One with all cores takes the least time for a query that comes alone.
 * @throws as `open`
 */
export async function openSessionSet(
  open: (options: ForwardOptions) => Promise<Forward>,
  { threads = availableParallelism(), workers, onRestart }: SessionSetOptions,
): Promise<SessionSet> {
  await using opening = new AsyncDisposableStack();
  const openOne = async (options: ForwardOptions) => {
    const session = await openSupervised({
      open: () => open({ worker: true, ...options }),
      ...(onRestart && { onRestart }),
    });
    return opening.use(session);
  };
  const share = Math.max(1, Math.floor(threads / workers));
  const narrow: Supervised[] = [];
  for (let i = 0; i < workers; i++) {
    narrow.push(await openOne({ threads: share, background: workers > 1 }));
  }
  const wide = workers > 1 ? await openOne({ threads }) : undefined;
  const all = wide ? [...narrow, wide] : narrow;
  const opened = opening.move();
  return {
    narrow,
    wide,
    get isUp() {
      return all.every(({ isUp }) => isUp);
    },
    wake: () => {
      for (const session of all) if (!session.isUp) session.wake();
    },
    at: (slot) => (slot === "wide" ? wide! : narrow[slot % narrow.length]),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}
