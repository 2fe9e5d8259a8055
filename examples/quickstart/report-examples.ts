import type { ReportExample } from "../../src/cli/report/index.ts";
import type { Run } from "../../src/evaluate/index.ts";
import type { ApiPair } from "./api-pairs.ts";
import type { Quality } from "./quality.ts";

const COUNT = 3;
const SHOWN = 5;

/** The first held-out queries, whatever came of them, with what the model and BM25 found for each. */
export function examplesOf(
  { runs: { set, model, bm25 } }: Quality,
  test: readonly ApiPair[],
): readonly ReportExample[] {
  const apis = new Map(test.map((api) => [api.id, api]));
  return [...set.queries].slice(0, COUNT).map(([id, query]) => {
    const right = set.qrels.get(id)!;
    const answersOf = (run: Run) => {
      const hits = run.get(id) ?? [];
      const rank = hits.findIndex((hit) => right.has(hit.id)) + 1;
      return {
        hits: hits.slice(0, SHOWN).map((hit) => ({
          title: apis.get(hit.id)!.symbol,
          text: apis.get(hit.id)!.signature,
          right: right.has(hit.id),
        })),
        ...(rank > 0 && { rank }),
      };
    };
    return {
      query,
      answer: apis.get(id)!.symbol,
      model: answersOf(model),
      bm25: answersOf(bm25),
    };
  });
}
