import { mul, reduceMean, sub } from "../graph/ops/index.ts";
import { type Loss, products, requireColumns, similarities } from "./loss.ts";

/**
 * Distillation of a batch's similarities: `mean_ij (cos(s_i, s_j) − cos(t_i, t_j))²` over the anchors. What the teacher's vectors look
 * like does not matter, so they may be of another width, and prefixes learn it too. Jasper (Zhang et al., arXiv:2412.19048, L_sim).
 */
export function similarityMatrix(): Loss {
  return (columns) => {
    const { anchors, teacher } = requireColumns(columns, "similarity-matrix", "teacher");
    const [student, wanted] = [anchors, teacher.anchors].map(similarities.cosine);
    const error = sub(products(student, student), products(wanted, wanted));
    return reduceMean(mul(error, error));
  };
}
