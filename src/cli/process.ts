import type { CommandSpec } from "./command.ts";
import { run } from "./run.ts";

/** Runs what `argv` names with this process's streams, clock and SIGINT; sets the exit code. */
export async function runProcess(
  argv: readonly string[],
  specs?: Readonly<Record<string, CommandSpec<never>>>,
): Promise<void> {
  const stop = new AbortController();
  process.once("SIGINT", () => {
    stop.abort();
    // Whoever asks twice does not want to wait for what is being saved.
    process.once("SIGINT", () => process.exit(130));
  });
  // The reader of a pipe went away: there is nobody left to tell.
  process.stdout.on("error", () => process.exit(0));
  const { stdout, stderr } = process;
  const io = { stdout, stderr, signal: stop.signal, now: () => performance.now() };
  process.exitCode = await run(argv, io, specs);
}
