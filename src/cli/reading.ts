/** Input files of the commands: what is wrong with one is said, or counted where skipping is asked for. */
import { stat } from "node:fs/promises";
import { Option } from "commander";
import { skips } from "../data/index.ts";
import { NearfoldError } from "../errors.ts";
import type { Report } from "./progress.ts";

export interface ReadingOptions {
  readonly skipBad?: boolean;
}

export const skipBadOption = new Option(
  "--skip-bad",
  "leave malformed rows out and count them, instead of stopping at the first",
);

/**
 * Reads a file to the end. With `skipBad` its bad rows are counted and reported, the first few in full.
 * @throws not-found, bad-input naming file and line
 */
export async function readAll<Row>(
  path: string,
  read: (path: string, options: { onBad?: (error: NearfoldError) => void }) => AsyncIterable<Row>,
  { skipBad = false }: ReadingOptions,
  report: Report,
): Promise<{ readonly rows: readonly Row[]; readonly skipped: number }> {
  await requireFile(path);
  const skipped = skips();
  const rows: Row[] = [];
  for await (const row of read(path, skipBad ? { onBad: skipped.onBad } : {})) rows.push(row);
  reportSkipped(path, skipped, report);
  return { rows, skipped: skipped.count };
}

/** Says how many rows of a file were left out, and why the first ones. */
export function reportSkipped(
  path: string,
  { count, first }: Pick<ReturnType<typeof skips>, "count" | "first">,
  report: Report,
): void {
  if (count === 0) return;
  const reasons = first.map(({ message }) => `  ${message}`);
  const more = count > first.length ? [`  and ${count - first.length} more`] : [];
  report({
    type: "note",
    text: [`${path}: ${count} rows were left out`, ...reasons, ...more].join("\n"),
    data: { path, skipped: count },
  });
}

/** @throws not-found, or bad-input for a folder, before anything else is tried */
export async function requireFile(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (!found) {
    throw new NearfoldError("not-found", "there is no such file", { at: path });
  }
  if (found.isDirectory()) {
    throw new NearfoldError("bad-input", "this is a folder", { at: path, wanted: "a file" });
  }
}
