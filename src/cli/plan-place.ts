/** The folder of a plan: what was built and measured there is kept for the next run. */
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { hashFile } from "../data/hash-file.ts";
import { removeTemporaries, requireFreeFolder, writeDurably } from "../durable.ts";
import { sequence, shuffle } from "../graph/rng.ts";
import { acquireLock } from "../lock.ts";
import { requireWritable } from "./output.ts";

/** Closed with `await using`: then another run may have it. */
export interface PlanPlace extends AsyncDisposable {
  /** Where builds and measurements are kept. */
  readonly work: string;
}

/** What says that a folder is a plan's. */
const MARK = "plan-folder.json";
/** `nearfold quantize` rounds and judges by half of them at most, and measures on some that it holds out. */
const CALIBRATION = 512;

/** What `openPlace` asks of the folder, said before anything is read. @throws exists, io */
export async function requirePlace(out: string): Promise<void> {
  await requireFreeFolder(out, { replace: MARK });
  await requireWritable(out);
}

/** @throws exists for a folder of something else, or while another run has it; io */
export async function openPlace(
  out: string,
  { replace = false }: { readonly replace?: boolean | undefined },
): Promise<PlanPlace> {
  await requirePlace(out);
  await writeDurably(join(out, MARK), `${JSON.stringify({ version: 1 })}\n`);
  const lock = await acquireLock(join(out, "plan.lock"));
  const work = join(out, "work");
  if (replace) await rm(work, { recursive: true, force: true });
  await mkdir(work, { recursive: true });
  // What a killed run had half written.
  for (const folder of [out, work]) await removeTemporaries(folder);
  return { work, [Symbol.asyncDispose]: () => lock[Symbol.asyncDispose]() };
}

/** Texts that quantization is judged by, drawn from all of them into a file. */
export async function writeCalibration(
  work: string,
  texts: readonly string[],
  seed: number,
): Promise<{ readonly path: string; readonly sha256: string }> {
  const path = join(work, "calibration.jsonl");
  const drawn = shuffle([...texts], sequence(seed)).slice(0, CALIBRATION);
  await writeDurably(path, drawn.map((text) => `${JSON.stringify({ text })}\n`).join(""));
  return { path, sha256: await hashFile(path) };
}
