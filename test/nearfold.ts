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
  const stop = new AbortController();
  const text = { out: "", err: "" };
  const code = await run(argv, {
    stdout: {
      write: (part) => {
        text.out += part;
      },
    },
    stderr: {
      write: (part) => {
        text.err += part;
        if (stopAt !== undefined && text.err.includes(stopAt)) stop.abort();
      },
    },
    signal: stop.signal,
    now: () => performance.now(),
  });
  return { code, ...text };
}

/** Rows as the text of a JSONL file. */
export const jsonl = (rows: readonly unknown[]) =>
  rows.map((row) => JSON.stringify(row)).join("\n");
