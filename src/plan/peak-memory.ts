import { readFileSync } from "node:fs";

/**
 * The most that was resident in this process so far, in megabytes. Linux's own count of it: `maxRSS` there begins at that of the
 * process which started this one (getrusage(2), proc_pid_status(5)).
 */
export function peakMemoryMb(): number {
  if (process.platform !== "linux") return (process.resourceUsage().maxRSS * 1024) / 1e6;
  const status = readFileSync("/proc/self/status", "utf8");
  return (Number(/VmHWM:\s+(\d+) kB/u.exec(status)?.[1]) * 1024) / 1e6;
}
