/** What a search for duplicates says on its way, and what it leaves on disk. */
import type { FileHandle } from "node:fs/promises";
import type { Deduped, DedupeProgress, DedupeStage } from "../apps/dedupe/index.ts";
import { writeDurably } from "../durable.ts";
import type { Context } from "./command.ts";
import { trackGuess, trackTask } from "./progress.ts";

const stages = {
  reading: { task: "reading", unit: "rows" },
  comparing: { task: "comparing", unit: "bands" },
  encoding: { task: "encoding", unit: "texts" },
  indexing: { task: "indexing", unit: "texts" },
  neighbours: { task: "looking for neighbours", unit: "texts" },
} as const satisfies Record<DedupeStage, { task: string; unit: string }>;

/** @param share how much of the input was read: what its rows are guessed by */
export function progressOfDedupe(
  { report, now }: Pick<Context, "report" | "now">,
  share: () => number,
): (progress: DedupeProgress) => void {
  const reading = trackGuess(report, stages.reading, now);
  const open = new Map<DedupeStage, (done: number) => void>();
  return ({ stage, done, total }) => {
    if (stage === "reading") {
      const guess = Math.max(done + 1, Math.round(done / Math.max(share(), 1e-3)));
      return reading({ texts: done, total: total ?? guess, before: 0 });
    }
    const advance = open.get(stage) ?? trackTask(report, { ...stages[stage], total: total! }, now);
    open.set(stage, advance);
    advance(done);
  };
}

/** Lines that are written at once. */
const CHUNK = 1024;

/** The kept rows, in their order. @throws io; then nothing is there */
export async function writeKept(found: Deduped, path: string): Promise<void> {
  await writeLines(path, found.keptLines());
}

/** The groups: what is kept of each, what is dropped, by which stage and with which score. @throws io; then nothing is there */
export async function writeGroups(found: Deduped, path: string): Promise<void> {
  await writeLines(path, groupLines(found));
}

function* groupLines(found: Deduped): Generator<string> {
  for (const { kept, dropped } of found.groups()) {
    yield JSON.stringify({
      kept: kept.id,
      why: kept.why,
      dropped: dropped.map(({ id, stage, score }) => ({
        id,
        stage,
        score: Number(score.toFixed(4)),
      })),
    });
  }
}

async function writeLines(
  path: string,
  lines: AsyncIterable<string> | Iterable<string>,
): Promise<void> {
  await writeDurably(path, async (handle: FileHandle) => {
    let held: string[] = [];
    const flush = async () => {
      await handle.appendFile(held.map((line) => `${line}\n`).join(""));
      held = [];
    };
    for await (const line of lines) {
      held.push(line);
      if (held.length === CHUNK) await flush();
    }
    await flush();
  });
}
