/** One writer at a time. */
import { readFile, rm, writeFile } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";
import { asIoError } from "./durable.ts";
import { NearfoldError } from "./errors.ts";

/** Who holds a lock: a process id alone comes back, in a container that restarts every time. */
interface Holder {
  readonly pid: number;
  /** When the process began, in milliseconds. */
  readonly began: number;
}

const us: Holder = { pid: process.pid, began: Math.round(performance.timeOrigin) };

/**
 * Takes the lock file at `path`, from a process that is gone too; closing it gives it back.
 * @throws exists while another holds it
 */
export async function acquireLock(path: string): Promise<AsyncDisposable> {
  for (let attempt = 0; ; attempt++) {
    try {
      await writeFile(path, JSON.stringify(us), { flag: "wx" });
      return { [Symbol.asyncDispose]: () => rm(path, { force: true }) };
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== "EEXIST") throw asIoError(cause, path);
    }
    const holder = await readHolder(path);
    if (attempt > 0 || (holder && isAlive(holder))) {
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

function isAlive({ pid, began }: Holder): boolean {
  if (pid === us.pid) return began === us.began;
  try {
    return process.kill(pid, 0);
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code === "EPERM";
  }
}
