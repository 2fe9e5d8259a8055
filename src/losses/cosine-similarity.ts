import { mul, reduceMean, sub } from "../graph/ops/index.ts";
import { type Loss, requireColumns, rowLabels, rowScores } from "./loss.ts";

/**
 * Regression of the cosine on a score: `mean (cos(a, p) − label)²`, labels from −1 to 1. Where only their order is meant, `cosent` and
 * `angle` do better. sentence-transformers' CosineSimilarityLoss (Reimers and Gurevych, arXiv:1908.10084 §3).
 */
export function cosineSimilarity(): Loss {
  return (columns) => {
    const { anchors, positives } = requireColumns(columns, "cosine-similarity", "positives");
    const labels = rowLabels(columns, "cosine-similarity");
    const error = sub(rowScores(anchors, positives, "cosine"), labels);
    return reduceMean(mul(error, error));
  };
}
