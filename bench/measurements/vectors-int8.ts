import { encodeSets, keptDetails, keptOf, ndcg, searchAs } from "../kept-quality.ts";
import { needs } from "../real-data.ts";
import type { Finding, Measurement } from "../result.ts";

const SCHEMES = ["int8+float32", "int8@256+float32", "int8@128+float32", "int8@256", "int8@128"];

/**
 * Candidates by int8 codes of documents and query, four for each hit, scored again by the float query. MiniLM was not trained by Matryoshka: its
 * prefixes are what an untrained one gives.
 */
export const vectorsInt8: Measurement = {
  about:
    "share of MiniLM's nDCG@10 that int8 vectors keep with 4 × rescoring, on SciFact and Cranfield: the lesser",
  unit: "of float32's",
  better: "higher",
  targets: [0.99],
  missing: needs("data", "miniLm"),
  async run(log): Promise<Finding> {
    const sets = await encodeSets(log);
    const kept = sets.map((of) => keptOf(searchAs("int8", of), of).ndcg);
    return {
      ours: [Math.min(...kept)],
      peers: [{ name: "float32, exact search", figures: [1] }],
      details: {
        ...Object.fromEntries(sets.map((of) => [`float32, ${of.name}`, ndcg(of.exact, of)])),
        ...keptDetails(["int8", ...SCHEMES], sets, log),
      },
    };
  },
};
