/** Bulk beside the queries: each stream asks again when it is answered, as an indexer does. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Send } from "./sender.ts";

/** Requests one after another, as an indexer sends them. */
export interface BulkLoad {
  /** How many go at once. */
  readonly streams: number;
  /** Texts of a request. */
  readonly batch: number;
  readonly texts: readonly string[];
}

export interface BulkResult {
  readonly textsPerSecond: number;
  /** Requests. */
  readonly refused: number;
  readonly failed: number;
}

/** A refusal says to come later. */
export const PAUSE_MS = 100;

/** Until `end`, on the clock of `performance.now`; the last requests are waited for. */
export async function runBulkStreams(
  send: Send,
  { streams, batch, texts }: BulkLoad,
  end: number,
): Promise<BulkResult> {
  const start = performance.now();
  let [done, refused, failed, next] = [0, 0, 0, 0];
  const stream = async () => {
    while (performance.now() < end) {
      const from = next;
      next += batch;
      const part = Array.from({ length: batch }, (_, i) => texts[(from + i) % texts.length]);
      const status = await send(part, "bulk");
      if (status === 200) done += batch;
      else if (status === 429) refused++;
      else failed++;
      if (status !== 200) await sleep(PAUSE_MS);
    }
  };
  await Promise.all(Array.from({ length: streams }, stream));
  return { textsPerSecond: (1000 * done) / (performance.now() - start), refused, failed };
}
