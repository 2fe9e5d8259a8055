#!/usr/bin/env node
/** The program `nearfold`: the process around `run`. */
import { run } from "./run.ts";

const stop = new AbortController();
process.once("SIGINT", () => {
  stop.abort();
  // Whoever asks twice does not want to wait for what is being saved.
  process.once("SIGINT", () => process.exit(130));
});
// The reader of a pipe went away: there is nobody left to tell.
process.stdout.on("error", () => process.exit(0));

process.exitCode = await run(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  signal: stop.signal,
  now: () => performance.now(),
});
