/** How many batches run at once where many texts are to be embedded. */
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { EncoderOptions } from "../encoder/index.ts";
import { fittingSessions } from "../runtime/session-pool.ts";
import { type Machine, readMachine } from "./machine.ts";

/** Bytes of texts below which opening more sessions costs more than they save. */
const FEW_BYTES = 100_000;

export interface BulkWork {
  /** Of the model: each session has its own copy. */
  readonly weightBytes: number;
  /** Of the texts; endless where nobody knows. */
  readonly inputBytes: number;
}

/**
 * A session with one thread for each core: what several cores do to batches apart is more than what they do together to one. None, that is one session with all threads,
 * for few texts, on one core, and where the copies would fill the memory. MiniLM on two cores, the command as a whole: 256 abstracts took 9.8 s so and 10.5 s with one session,
 * 4,096 titles 8.2 s and 9.3 s, two lines 1.4 s and 1.3 s.
 */
export function chooseWorkers(
  { cores, memory }: Pick<Machine, "cores" | "memory">,
  { weightBytes, inputBytes }: BulkWork,
): number {
  if (inputBytes < FEW_BYTES) return 0;
  const free = 1e6 * Math.min(memory.totalMb, memory.limitMb ?? Number.POSITIVE_INFINITY);
  const fit = fittingSessions(weightBytes, free);
  const workers = Math.min(Math.floor(Math.min(cores.allowed, cores.quota ?? cores.allowed)), fit);
  return workers > 1 ? workers : 0;
}

/** What the encoder of a bulk run is opened with; `workers` where a person has chosen. */
export async function bulkSessions(
  model: string,
  inputBytes: number,
  workers?: number,
): Promise<Pick<EncoderOptions, "workers">> {
  const chosen = async () =>
    chooseWorkers(await readMachine(), { weightBytes: await weightBytes(model), inputBytes });
  return { workers: workers ?? (await chosen()) };
}

/** Bytes of a model's weights, as its files hold them; 0 of what is no model, as opening it will say. */
async function weightBytes(model: string): Promise<number> {
  const found = await stat(model).catch(() => undefined);
  if (!found?.isDirectory()) return found?.size ?? 0;
  const names = (await readdir(model)).filter((name) =>
    /\.(safetensors|onnx|onnx_data)$/.test(name),
  );
  const files = await Promise.all(names.map((name) => stat(join(model, name))));
  return files.reduce((sum, { size }) => sum + size, 0);
}
