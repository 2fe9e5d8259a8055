import type { CommandSpec } from "./command.ts";
import { run } from "./run.ts";

/** By the number of the signal, as shells count. */
const exitCodes = { SIGINT: 130, SIGTERM: 143 } as const;

/** Runs what `argv` names with this process's streams, clock and signals to stop; sets the exit code. */
export async function runProcess(
  argv: readonly string[],
  specs?: Readonly<Record<string, CommandSpec<never>>>,
): Promise<void> {
  const stop = new AbortController();
  for (const [signal, code] of Object.entries(exitCodes)) {
    process.once(signal, () => {
      stop.abort();
      // Whoever asks twice does not want to wait for what is being saved.
      process.once(signal, () => process.exit(code));
    });
  }
  // The reader of a pipe went away: there is nobody left to tell.
  process.stdout.on("error", () => process.exit(0));
  const { stdout, stderr } = process;
  const io = { stdout, stderr, signal: stop.signal, now: () => performance.now() };
  process.exitCode = await run(argv, io, specs);
}
