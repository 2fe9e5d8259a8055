/** A command as a person types it, run without a process. */
import { run } from "../src/cli/run.ts";

/** What came of a run. */
export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a command; stops it once stderr holds `stopAt`. */
export async function nearfold(
  argv: readonly string[],
  { stopAt }: { readonly stopAt?: string } = {},
): Promise<Ran> {
  const { text, done } = start(argv, {
    onErr: (said, stop) => {
      if (stopAt !== undefined && said.includes(stopAt)) stop.abort();
    },
  });
  return { code: await done, ...text };
}

export interface Started {
  /** What it has printed so far. */
  readonly text: { readonly out: string; readonly err: string };
  readonly stop: AbortController;
  /** Its exit code. */
  readonly done: Promise<number>;
}

/** Starts a command; `onErr` sees all that it has said on stderr, each time it says more. */
export function start(
  argv: readonly string[],
  { onErr }: { readonly onErr: (said: string, stop: AbortController) => void },
): Started {
  const stop = new AbortController();
  const text = { out: "", err: "" };
  const done = run(argv, {
    stdout: {
      write: (part) => {
        text.out += part;
      },
    },
    stderr: {
      write: (part) => {
        text.err += part;
        onErr(text.err, stop);
      },
    },
    signal: stop.signal,
    now: () => performance.now(),
  });
  return { text, stop, done };
}

/** Rows as the text of a JSONL file. */
export const jsonl = (rows: readonly unknown[]) =>
  rows.map((row) => JSON.stringify(row)).join("\n");
