/** A measurement in a process of its own: what it holds and how fast it is depends on nothing that ran before. */
import { fork } from "node:child_process";
import { type ErrorCode, NearfoldError } from "../errors.ts";
import type { ChildProgress } from "./child-progress.ts";
import type { MeasureRequest, MeasureResult } from "./measure-model.ts";
import type { ScoreRequest, ScoreResult } from "./score-vectors.ts";

/** What a child can be asked, and what it answers. */
export interface Operations {
  readonly measure: { readonly request: MeasureRequest; readonly result: MeasureResult };
  readonly score: { readonly request: ScoreRequest; readonly result: ScoreResult };
}

export type Operation = keyof Operations;

export interface ChildCall {
  readonly op: Operation;
  readonly request: unknown;
}

/** One line of a child's: how far it is, and at last what it found or why it did not. */
export type ChildReply =
  | { readonly progress: ChildProgress }
  | { readonly result: object }
  | { readonly failure: { readonly code?: ErrorCode; readonly message: string } };

export interface ChildOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: ChildProgress) => void;
}

/** Most of a dead child's stderr that an error quotes. */
const QUOTED = 500;

/**
 * Starts a child, asks it one thing and lets it go. It does not outlive this process, however that ends.
 * @throws as the operation; aborted; io where the child dies
 */
export async function askChild<Op extends Operation>(
  op: Op,
  request: Operations[Op]["request"],
  { signal, onProgress }: ChildOptions,
): Promise<Operations[Op]["result"]> {
  const file = import.meta.url.endsWith(".ts") ? "./child-process.ts" : "./child-process.js";
  // Nothing of a test runner's or a debugger's that this process was started with.
  const child = fork(new URL(file, import.meta.url), { execArgv: [], silent: true });
  const stop = () => child.kill("SIGKILL");
  signal.addEventListener("abort", stop);
  let complaints = "";
  child.stderr?.on("data", (part: Buffer) => {
    complaints = (complaints + part).slice(-QUOTED);
  });
  try {
    return await new Promise((resolve, reject) => {
      child.on("message", (reply: ChildReply) => {
        if ("progress" in reply) onProgress(reply.progress);
        else if ("result" in reply) resolve(reply.result as Operations[Op]["result"]);
        else reject(new NearfoldError(reply.failure.code ?? "bug", reply.failure.message));
      });
      child.once("error", reject);
      child.once("exit", (code, killed) => {
        if (signal.aborted) return reject(new NearfoldError("aborted", "measuring was stopped"));
        const got = killed ?? `exit code ${code}`;
        const hint = complaints.trim() || "The system may have run out of memory";
        reject(new NearfoldError("io", "a process that measures has ended", { got, hint }));
      });
      child.send({ op, request } satisfies ChildCall);
    });
  } finally {
    signal.removeEventListener("abort", stop);
    child.kill();
  }
}
