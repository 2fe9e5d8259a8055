/** Which threads of a process go first. */
import { readlinkSync } from "node:fs";
import { setPriority } from "node:os";

/** Of 19: about a fifth of a core that another thread wants too (sched(7)). */
const NICENESS = 6;

/**
 * Lets the other threads of this process go before this one and those that it starts from now on. Linux alone has priorities of threads; elsewhere,
 * and where they may not be set, nothing happens.
 */
export function yieldToOthers(): void {
  if (process.platform !== "linux") return;
  try {
    // Read in this thread itself, so it is this thread's: `<process>/task/<thread>`.
    const thread = readlinkSync("/proc/thread-self").split("/").at(-1);
    setPriority(Number(thread), NICENESS);
  } catch {
    // A priority is no promise.
  }
}
