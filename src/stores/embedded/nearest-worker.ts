/** The thread that holds a graph of nearest neighbours (HNSW), so that neither building nor searching it holds up the caller. */
import { Index, MetricKind, ScalarKind } from "usearch";
import { type Answering, answerCalls } from "../../worker-calls.ts";
import type { NearestAnswer, NearestRequest, NearestStart } from "./nearest.ts";

/** Neighbours of a node ("M"). Malkov and Yashunin, arXiv:1603.09320. */
const CONNECTIVITY = 16;
/** Candidates while building ("efConstruction"). */
const EXPANSION_ADD = 128;
/** Candidates while searching ("ef"). */
const EXPANSION_SEARCH = 200;

await answerCalls<NearestStart, number, NearestRequest, NearestAnswer>(
  async ({ dims, path, threads }): Promise<Answering<number, NearestRequest, NearestAnswer>> => {
    const index = new Index({
      dimensions: dims,
      metric: MetricKind.IP,
      quantization: ScalarKind.BF16,
      connectivity: CONNECTIVITY,
      expansion_add: EXPANSION_ADD,
      expansion_search: EXPANSION_SEARCH,
      multi: false,
    });
    if (path !== undefined) index.load(path);
    return {
      ready: Number(index.size()),
      answer: async (request) => {
        if ("add" in request) {
          index.add(request.keys, request.add, threads);
          return { rows: Number(index.size()) };
        }
        if ("save" in request) {
          index.save(request.save);
          return { rows: Number(index.size()) };
        }
        const { queries, k } = request;
        const { keys, counts } = index.search(queries, k, threads) as {
          readonly keys: BigUint64Array;
          readonly counts?: BigUint64Array;
        };
        return { keys, counts: counts ?? BigUint64Array.of(BigInt(keys.length)) };
      },
    };
  },
);
