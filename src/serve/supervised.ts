/** A session that is opened again when it fails. */
import type { Forward } from "../encoder/index.ts";

export interface SupervisedOptions {
  /** Opens the session, the first time and each time after a failure. */
  readonly open: () => Promise<Forward>;
  /** Told after each opening but the first: why, and what came of it. */
  readonly onRestart?: (restart: { readonly cause: unknown; readonly failed?: unknown }) => void;
}

/** Close with `await using`. */
export interface Supervised extends Forward {
  /** Whether the last opening succeeded. */
  readonly isUp: boolean;
  /** Opens it again, where it is down and nobody does so already. */
  wake(): void;
  /** @throws where the session was not opened for it */
  runTokens: NonNullable<Forward["runTokens"]>;
}

/**
 * A run that fails takes its session with it, and a new one is opened at once: who asks next waits for no longer than that takes. A session that cannot be opened fails
 * each run, which tries it again, as does `wake`. A crash of native code takes the process with it, and is for whoever started that.
 * @throws as `open`, the first time
 */
export async function openSupervised({ open, onRestart }: SupervisedOptions): Promise<Supervised> {
  let session: Promise<Forward> | undefined = Promise.resolve(await open());
  let isUp = true;
  let cause: unknown;

  const reopen = async (): Promise<Forward> => {
    try {
      const opened = await open();
      isUp = true;
      onRestart?.({ cause });
      return opened;
    } catch (failed) {
      isUp = false;
      session = undefined;
      onRestart?.({ cause, failed });
      throw failed;
    }
  };
  const letGo = async (broken: Promise<Forward>, why: unknown) => {
    // Several runs may fail with one session: it is let go once.
    if (session !== broken) return;
    cause = why;
    session = undefined;
    isUp = false;
    await broken.then((forward) => forward[Symbol.asyncDispose]()).catch(() => {});
    wake();
  };
  const wake = () => {
    session ??= reopen();
    // Told by `onRestart`.
    session.catch(() => {});
  };
  const runBy = async <T>(work: (forward: Forward) => Promise<T>): Promise<T> => {
    session ??= reopen();
    const used = session;
    const forward = await used;
    try {
      return await work(forward);
    } catch (error) {
      await letGo(used, error);
      throw error;
    }
  };
  return {
    wake,
    get isUp() {
      return isUp;
    },
    run: (sequences, promptTokens) => runBy((forward) => forward.run(sequences, promptTokens)),
    // Whether a model has vectors of tokens is known before it is asked for them.
    runTokens: (sequences) => runBy((forward) => forward.runTokens!(sequences)),
    [Symbol.asyncDispose]: async () => {
      await session?.then((forward) => forward[Symbol.asyncDispose]()).catch(() => {});
    },
  };
}
