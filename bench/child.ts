import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

type Json = Readonly<Record<string, unknown>>;

/** A process that answers requests one by one: JSON lines in on stdin, one line out on stdout for each. */
export interface Child extends AsyncDisposable {
  /** @throws with the child's own message, or the end of its stderr if it died */
  ask<T extends Json>(op: string, request?: Json): Promise<T>;
}

/** Most of a dead child's stderr that an error quotes. */
const QUOTED = 2000;

/** Starts a child; it lives until it is disposed of, so what it sets up stays outside of the timing. */
export function openChild(command: string, args: readonly string[]): Child {
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"] });
  let complaints = "";
  child.stderr.on("data", (chunk: Buffer) => {
    complaints = (complaints + chunk).slice(-QUOTED);
  });
  // A write to a dead child fails on the stream too; `died` is what reports it.
  child.stdin.on("error", () => {});
  const died = new Promise<never>((_, reject) => {
    const fail = (why: string) =>
      reject(new Error(`${[command, ...args].join(" ")} ${why}\n${complaints.trim()}`));
    child.once("error", (cause) => fail(`did not start: ${cause.message}`));
    child.once("close", (code, signal) => fail(`ended (${signal ?? `exit code ${code}`})`));
  });
  died.catch(() => {});
  const replies = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async ask<T extends Json>(op: string, request: Json = {}) {
      child.stdin.write(`${JSON.stringify({ op, ...request })}\n`);
      const { value, done } = await Promise.race([replies.next(), died]);
      if (done) return died;
      const reply = JSON.parse(value) as T & { error?: string };
      if (reply.error === undefined) return reply;
      throw new Error(`"${op}" of ${args.join(" ")} failed: ${reply.error}`);
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.stdin.end();
      await once(child, "close");
    },
  };
}

type Handlers = Readonly<Record<string, (request: never) => Json | Promise<Json>>>;

/** The child's end, for one written in TypeScript; Python's is peers/protocol.py. */
export async function serve(handlers: Handlers): Promise<void> {
  for await (const line of createInterface({ input: process.stdin })) {
    const { op, ...request } = JSON.parse(line) as { op: string };
    const reply = await Promise.resolve()
      .then(() => handlers[op](request as never))
      .catch((cause: Error) => ({ error: cause.message }));
    process.stdout.write(`${JSON.stringify(reply)}\n`);
  }
}
