/** `nearfold serve` as a person types it, run without a process. */
import { start } from "./nearfold.ts";

export interface Serving extends AsyncDisposable {
  readonly url: string;
  /** What it has printed so far. */
  readonly out: string;
  readonly err: string;
  /** Tells it to stop; gives its exit code. */
  stop(): Promise<number>;
}

/** Starts it on a free port. @throws with what it said, where it ends before it listens */
export async function startServing(argv: readonly string[]): Promise<Serving> {
  const listening = Promise.withResolvers<string>();
  const {
    text,
    stop: controller,
    done,
  } = start(["serve", ...argv, "--port", "0"], {
    onErr: (said) => {
      const url = /^http:\/\/\S+/m.exec(said)?.[0];
      if (url) listening.resolve(url);
    },
  });
  const ended = done.then((found): never => {
    throw new Error(`nearfold serve ended with ${found}: ${text.err}`);
  });
  const url = await Promise.race([listening.promise, ended]);
  ended.catch(() => {});
  const stop = () => {
    controller.abort();
    return done;
  };
  return {
    url,
    get out() {
      return text.out;
    },
    get err() {
      return text.err;
    },
    stop,
    [Symbol.asyncDispose]: async () => void (await stop()),
  };
}
