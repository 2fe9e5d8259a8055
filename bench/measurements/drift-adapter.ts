import { type Ranking, rank, scoreRun } from "../../src/evaluate/index.ts";
import { takeRows } from "../../src/tensor/rows.ts";
import { floats } from "../../src/tensor/tensor.ts";
import { chooseDriftMap } from "../../src/vectors/choose-drift-map.ts";
import { applyDriftMap } from "../../src/vectors/drift-map.ts";
import { meanOverlap } from "../../src/vectors/index.ts";
import { encodeByEach, type ManyModels, type ModelName, type ModelVectors } from "../drift.ts";
import { mean } from "../measure.ts";
import { needs } from "../real-data.ts";
import type { Finding, Measurement } from "../result.ts";

const K = 10;
const MEASURE = "recall@10";

/** The first is the new one, which asks the vectors of the other. */
const others: readonly (readonly [ModelName, ModelName])[] = [
  ["MiniLM", "potion"],
  ["potion", "MiniLM"],
];
const relatives: readonly (readonly [ModelName, ModelName])[] = [
  ["MiniLM tuned", "MiniLM"],
  ["MiniLM", "MiniLM tuned"],
];

/**
 * The index of one model, queried by another through an adapter that was fitted as `nearfold migrate --adapter` does, on documents and sentences of theirs and
 * no query. Without an adapter, vectors of other widths can only be cut or filled up with zeros. The figure is of models of another make; a model and the
 * same fine-tuned, the change that is made most, stand beside it.
 */
export const driftAdapter: Measurement = {
  about:
    "share of the recall@10 (by judgements) of embedding all again that an adapter keeps: potion-base-2M's index queried by MiniLM and the other way round, SciFact and Cranfield: the least",
  unit: "of full re-embedding's",
  better: "higher",
  targets: [0.95],
  missing: needs("data", "miniLm"),
  async run(log): Promise<Finding> {
    const sets = await encodeByEach(log);
    const details: Record<string, string> = {};
    const judged = (pairs: typeof others) =>
      sets.flatMap((of) =>
        pairs.map(([asking, asked]) => {
          const found = judge(of, of.vectors[asking], of.vectors[asked]);
          const way = `${of.name}, ${asking} asks ${asked}'s index`;
          details[way] = found.figures;
          log(`${way}: ${found.figures}`);
          return found;
        }),
      );
    const ways = judged(others);
    const near = judged(relatives);
    details["tuned and untuned MiniLM, least share kept"] = leastOf(near).kept.toFixed(3);
    return {
      ours: [leastOf(ways).kept],
      peers: [
        { name: "full re-embedding", figures: [1] },
        { name: "no adapter", figures: [leastOf(ways).naive] },
      ],
      details,
    };
  },
};

/** The least of each share. */
function leastOf(ways: readonly { readonly kept: number; readonly naive: number }[]) {
  return {
    kept: Math.min(...ways.map(({ kept }) => kept)),
    naive: Math.min(...ways.map(({ naive }) => naive)),
  };
}

/** @param asking the model that asks; `asked` the one whose index it is */
function judge({ set, sample }: ManyModels, asking: ModelVectors, asked: ModelVectors) {
  const ids = [...set.documents.keys()];
  const search = (queries: Float32Array, { documents, width }: ModelVectors) =>
    rank(floats(queries, [set.queries.size, width]), floats(documents, [ids.length, width]), {
      ids,
      k: K,
    });
  const sampled = ({ width, documents, sentences }: ModelVectors) => ({
    space: { dims: width, similarity: "cosine" as const },
    documents: takeRows(documents, width, sample),
    sentences,
  });
  const { map } = chooseDriftMap({ asking: sampled(asking), asked: sampled(asked) });
  const whole = search(asking.queries, asking);
  const adapted = search(applyDriftMap(map, asking.queries), asked);
  const own = search(asked.queries, asked);
  const cut = search(refit(asking.queries, asking.width, asked.width), asked);
  const recall = (rankings: readonly Ranking[]) => {
    const run = new Map([...set.queries.keys()].map((id, i) => [id, rankings[i]]));
    return mean(scoreRun(run, set.qrels, { measures: [MEASURE] }).perQuery[MEASURE]);
  };
  const overlap = (rankings: readonly Ranking[]) =>
    meanOverlap(...([whole, rankings].map((all) => all.map(idsOf)) as [string[][], string[][]]));
  const shares = [adapted, own, cut].map((found) => recall(found) / recall(whole));
  const shared = [adapted, own, cut].map(overlap);
  const shown = (values: readonly number[]) => values.map((value) => value.toFixed(3)).join(", ");
  return {
    kept: shares[0],
    naive: shares[2],
    figures: `${map.how}; recall@10 ${recall(whole).toFixed(3)} in full, of which adapter, index's own model, no adapter keep ${shown(shares)}; of the ten that full re-embedding finds ${shown(shared)}`,
  };
}

const idsOf = (ranking: Ranking) => ranking.map(({ id }) => id);

/** Vectors of another width as they are: cut, or filled up with zeros. */
function refit(vectors: Float32Array, from: number, to: number): Float32Array {
  const out = new Float32Array((vectors.length / from) * to);
  for (let row = 0; row < vectors.length / from; row++) {
    out.set(vectors.subarray(row * from, row * from + Math.min(from, to)), row * to);
  }
  return out;
}
