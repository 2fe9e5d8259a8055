import { miniLm } from "../../test/minilm.ts";
import { readStsTest } from "../quality.ts";
import { needs, readScifact } from "../real-data.ts";
import type { Measurement } from "../result.ts";
import { askVectors, closedLoop, memoryOf, startServer } from "../serving.ts";

const FIRST = 2000;
const ALL = 20_000;

/** Queries, and a request of 8 documents for each 50 of them. */
export const serveMemory: Measurement = {
  about: `resident memory of the server after ${ALL} mixed requests, over that after ${FIRST}`,
  unit: "share",
  better: "lower",
  targets: [1.05],
  missing: needs("data", "miniLm"),
  run: async (log) => {
    await using server = await startServer(miniLm);
    const sentences = (await readStsTest()).map(({ sentence1 }) => sentence1);
    const { documents } = await readScifact("test");
    const abstracts = [...documents.values()];
    let sent = 0;
    const next = () => {
      const i = sent++;
      if (i % 50 > 0) return [sentences[i % sentences.length]];
      return Array.from({ length: 8 }, (_, j) => abstracts[(i + 131 * j) % abstracts.length]);
    };
    const askUntil = async (count: number) => {
      while (sent < count)
        await closedLoop({ clients: 16, ms: 1000 }, () => askVectors(server.url, next()));
      return memoryOf(server);
    };
    const first = await askUntil(FIRST);
    const half = await askUntil(ALL / 2);
    const last = await askUntil(ALL);
    log(`${first.toFixed(0)} MB, ${half.toFixed(0)} MB, ${last.toFixed(0)} MB`);
    return { ours: [last / first], details: { firstMb: first, halfMb: half, lastMb: last, sent } };
  },
};
