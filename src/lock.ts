/** One writer at a time. */
import { readFile, rm, writeFile } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";
import { asIoError } from "./durable.ts";
import { NearfoldError } from "./errors.ts";

/** Who holds a lock: a process id alone comes back, in a container that restarts every time. */
interface Holder {
  readonly pid: number;
  /** As `beganOf` tells it. */
  readonly began: string;
}

/**
 * Takes the lock file at `path`, from a process that is gone too; closing it gives it back.
 * @throws exists while another holds it
 */
export async function acquireLock(path: string): Promise<AsyncDisposable> {
  const us = { pid: process.pid, began: await beganOf(process.pid) };
  for (let attempt = 0; ; attempt++) {
    try {
      await writeFile(path, JSON.stringify(us), { flag: "wx" });
      return { [Symbol.asyncDispose]: () => rm(path, { force: true }) };
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== "EEXIST") throw asIoError(cause, path);
    }
    const holder = await readHolder(path);
    if (attempt > 0 || (holder && (await isAlive(holder)))) {
      throw new NearfoldError("exists", "somebody else is writing here", {
        at: path,
        got: `process ${holder?.pid ?? "unknown"}`,
        hint: "Wait for it; if there is no such process, remove the file",
      });
    }
    await rm(path, { force: true });
  }
}

/** Undefined for a file that is gone or was never finished. */
async function readHolder(path: string, patient = true): Promise<Holder | undefined> {
  try {
    const text = await readFile(path, "utf8");
    if (text === "" && patient) {
      // Made this moment, and its line is still to come; or its writer was killed in between.
      await setTimeout(50);
      return await readHolder(path, false);
    }
    const { pid, began } = JSON.parse(text);
    return Number.isSafeInteger(pid) && pid > 0 ? { pid, began } : undefined;
  } catch {
    return undefined;
  }
}

async function isAlive({ pid, began }: Holder): Promise<boolean> {
  const known = await beganOf(pid);
  if (known !== undefined) return known === began;
  try {
    return process.kill(pid, 0);
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code === "EPERM";
  }
}

/**
 * When a process began: in ticks since a boot, as Linux tells it of any (proc_pid_stat(5), field 22); elsewhere in milliseconds, of ours
 * alone.
 */
async function beganOf(pid: number): Promise<string | undefined> {
  try {
    const boot = await readFile("/proc/sys/kernel/random/boot_id", "utf8");
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    // Fields from the third on: the second is a name, which may hold spaces and brackets.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return `${boot.trim()} ${fields[19]}`;
  } catch {
    return pid === process.pid ? `${Math.round(performance.timeOrigin)}` : undefined;
  }
}
