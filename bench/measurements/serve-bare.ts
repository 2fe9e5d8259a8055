import { openEncoder } from "../../src/encoder/index.ts";
import { miniLm } from "../../test/minilm.ts";
import { interleave, median, timed } from "../measure.ts";
import { needs } from "../real-data.ts";
import type { Measurement } from "../result.ts";
import { requireEqualVectors } from "../same-work.ts";
import { askVectors, startServer } from "../serving.ts";
import { QUERY } from "../serving-queries.ts";

/** Queries of a run, one after the other. */
const QUERIES = 100;

/** What a server adds to one query when nothing else is asked. */
export const serveBare: Measurement = {
  about:
    "one short query at a time by all-MiniLM-L6-v2: p50 over HTTP, beside the same in this process",
  unit: "ms",
  better: "lower",
  targets: [1 / 1.3],
  missing: needs("miniLm"),
  run: async () => {
    await using server = await startServer(miniLm);
    await using encoder = await openEncoder(miniLm);
    const [served] = await askVectors(server.url, [QUERY]);
    const { vectors } = await encoder.encode([QUERY]);
    requireEqualVectors("the server", served, vectors);
    const middle = async (ask: () => Promise<unknown>) => {
      const times: number[] = [];
      for (let i = 0; i < QUERIES; i++) times.push((await timed(ask)).ms);
      return median(times);
    };
    const sides = [
      { run: () => middle(() => askVectors(server.url, [QUERY])) },
      { run: () => middle(() => encoder.encode([QUERY])) },
    ];
    const [ours, alone] = await interleave(sides, { runs: 9 });
    return { ours, peers: [{ name: "the session alone, tokenizing included", figures: alone }] };
  },
};
