/** Which threads of a process go first. */
import { readlinkSync } from "node:fs";
import { setPriority } from "node:os";

/**
 * Lets the other threads of this process go before this one and those that it starts from now on, by so many steps of niceness: one of 6 gets about a fifth of a
 * core that another one wants too (sched(7)). Linux alone has priorities of threads; elsewhere, and where they may not be set, nothing happens.
 */
export function yieldToOthers(niceness: number): void {
  if (process.platform !== "linux") return;
  try {
    // Read in this thread itself, so it is this thread's: `<process>/task/<thread>`.
    const thread = readlinkSync("/proc/thread-self").split("/").at(-1);
    setPriority(Number(thread), niceness);
  } catch {
    // A priority is no promise.
  }
}
