import { availableParallelism } from "node:os";
import { openEncoder } from "../../src/encoder/index.ts";
import { miniLm } from "../../test/minilm.ts";
import { interleave, timed } from "../measure.ts";
import { readStsTest } from "../quality.ts";
import { needs, readScifact } from "../real-data.ts";
import type { Measurement } from "../result.ts";
import { askVectors, closedLoop, startServer } from "../serving.ts";

/** Texts of a request, as clients send them. */
const BATCH = 32;
const TEXTS = 256;

/** Documents over HTTP, beside the same in one process with nothing around it. */
export const serveBatch: Measurement = {
  about:
    "requests of 32 inputs of mixed lengths from 4 clients, beside bulk encoding: tokens a second",
  unit: "tokens/s",
  better: "higher",
  targets: [0.9],
  missing: needs("data", "miniLm"),
  run: async () => {
    await using server = await startServer(miniLm);
    const { documents } = await readScifact("test");
    const sentences = (await readStsTest()).map(({ sentence1 }) => sentence1);
    // One abstract in four.
    const texts = Array.from({ length: TEXTS }, (_, i) =>
      i % 4 === 0 ? [...documents.values()][i] : sentences[i],
    );
    const parts = Array.from({ length: TEXTS / BATCH }, (_, i) => {
      return texts.slice(BATCH * i, BATCH * (i + 1));
    });
    await using encoder = await openEncoder(miniLm, { workers: availableParallelism() });
    const { tokens } = await encoder.encode(texts);
    const perRequest = tokens / parts.length;
    const served = async () => {
      const { perSecond } = await closedLoop({ clients: 4, ms: 8000 }, (i) =>
        askVectors(server.url, parts[i % parts.length]),
      );
      return perSecond * perRequest;
    };
    const bulk = async () => (1000 * tokens) / (await timed(() => encoder.encode(texts))).ms;
    const [ours, alone] = await interleave([{ run: served }, { run: bulk }], { runs: 5 });
    return { ours, peers: [{ name: "openEncoder with a worker a core", figures: alone }] };
  },
};
