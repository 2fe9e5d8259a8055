import { hamming, quantize, vectorKinds } from "../../src/vectors/index.ts";
import {
  type EncodedSet,
  encodeSets,
  keptDetails,
  keptOf,
  ndcg,
  searchAs,
} from "../kept-quality.ts";
import { needs } from "../real-data.ts";
import type { Finding, Measurement } from "../result.ts";

const SCHEMES = [
  "binary",
  "binary+int8",
  "binary+float32",
  "binary@256+int8",
  "binary@256+float32",
  "binary@128+float32",
];
const [K, MULTIPLIER] = [10, 4];

/** Bits rescored by int8 that is kept beside them; the way of sentence-transformers beside it, by bits alone. */
export const vectorsBinary: Measurement = {
  about:
    "share of MiniLM's nDCG@10 that binary vectors keep, 4 × rescored by int8, on SciFact and Cranfield: the lesser",
  unit: "of float32's",
  better: "higher",
  targets: [0.96],
  missing: needs("data", "miniLm"),
  async run(log): Promise<Finding> {
    const sets = await encodeSets(log);
    const kept = sets.map((of) => keptOf(searchAs("binary+int8", of), of).ndcg);
    const signs = sets.map((of) => keptOf(searchBySigns(of), of).ndcg);
    const alone = sets.map((of) => keptOf(searchAs("binary", of), of).ndcg);
    return {
      ours: [Math.min(...kept)],
      peers: [
        { name: "float32, exact search", figures: [1] },
        { name: "ours by the bits alone", figures: [Math.min(...alone)] },
        {
          name: "signs by Hamming distance, rescored by the float query (sentence-transformers' way)",
          figures: [Math.min(...signs)],
        },
      ],
      details: {
        ...Object.fromEntries(sets.map((of) => [`float32, ${of.name}`, ndcg(of.exact, of)])),
        ...keptDetails(SCHEMES, sets, log),
      },
    };
  },
};

/** `semantic_search_faiss` of sentence-transformers with `corpus_precision="ubinary"` and `rescore_multiplier=4`. */
function searchBySigns({ documents, queries, width }: EncodedSet) {
  const signs = {
    format: { type: "binary", dims: width },
    similarity: "dot",
    offset: new Float32Array(width),
    scale: new Float32Array(width).fill(1),
  } as const;
  const { codes, rows } = quantize(signs, documents);
  const [distances, scores] = [new Float64Array(rows), new Float64Array(rows)];
  return Array.from({ length: queries.length / width }, (_, i) => {
    const query = queries.subarray(i * width, (i + 1) * width);
    hamming(quantize(signs, query).codes)(codes, 0, rows, distances);
    vectorKinds.binary.products(query, signs)(codes, 0, rows, scores);
    return Array.from(distances, (_, row) => row)
      .sort((a, b) => distances[a] - distances[b] || a - b)
      .slice(0, K * MULTIPLIER)
      .map((row) => ({ row, score: scores[row] }))
      .sort((a, b) => b.score - a.score)
      .slice(0, K);
  });
}
