import { miniLm } from "../../test/minilm.ts";
import { interleave, median, timed } from "../measure.ts";
import { needs } from "../real-data.ts";
import type { Measurement } from "../result.ts";
import { askVectors, startServer } from "../serving.ts";
import { QUERY } from "../serving-queries.ts";

/** Of 256 tokens and more, at which it is cut. */
const LONG = "The library keeps every document in a folder of its own. ".repeat(32);
const TEXTS = [...Array<string>(7).fill(QUERY), LONG];
/** Of a run. */
const REQUESTS = 12;

/** A server that pads takes as long as for eight long ones: 332 ms where the parts of this request took 65 in a peer. */
export const serveRagged: Measurement = {
  about:
    "one request of 7 short inputs and one of 256 tokens, beside the same inputs asked one by one",
  unit: "ms",
  better: "lower",
  targets: [1 / 1.3],
  missing: needs("miniLm"),
  run: async () => {
    await using server = await startServer(miniLm);
    const middle = async (ask: () => Promise<unknown>) => {
      const times: number[] = [];
      for (let i = 0; i < REQUESTS; i++) times.push((await timed(ask)).ms);
      return median(times);
    };
    const apart = async () => {
      for (const text of TEXTS) await askVectors(server.url, [text]);
    };
    const sides = [
      { run: () => middle(() => askVectors(server.url, TEXTS)) },
      { run: () => middle(apart) },
    ];
    const [ours, sum] = await interleave(sides, { runs: 9 });
    return { ours, peers: [{ name: "its inputs one by one", figures: sum }] };
  },
};
