import { embedDistill } from "./embed-distill.ts";
import type { Loss } from "./loss.ts";

/**
 * Mean squared error from a teacher's embeddings: `mean (x − t)²` over all elements. With the translation of each text beside it and a teacher
 * that embedded the text alone, a model learns another language (Reimers and Gurevych, arXiv:2004.09813).
 * `embedDistill` with `distance: "mse"`; sentence-transformers' MSELoss.
 */
export function mse(): Loss {
  return embedDistill({ distance: "mse" });
}
