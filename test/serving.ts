/** `nearfold serve` as a person types it, run without a process. */
import { run } from "../src/cli/run.ts";

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
  const controller = new AbortController();
  const text = { out: "", err: "" };
  const listening = Promise.withResolvers<string>();
  const code = run(["serve", ...argv, "--port", "0"], {
    stdout: {
      write: (part) => {
        text.out += part;
      },
    },
    stderr: {
      write: (part) => {
        text.err += part;
        const url = /^http:\/\/\S+/m.exec(text.err)?.[0];
        if (url) listening.resolve(url);
      },
    },
    signal: controller.signal,
    now: () => performance.now(),
  });
  const ended = code.then((found): never => {
    throw new Error(`nearfold serve ended with ${found}: ${text.err}`);
  });
  const url = await Promise.race([listening.promise, ended]);
  ended.catch(() => {});
  const stop = () => {
    controller.abort();
    return code;
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
