import { exp, logSoftmax, mul, reduceMean, reduceSum, sub } from "../graph/ops/index.ts";
import { labelColumns, studentScores } from "./candidate-scores.ts";
import { type Loss, type SimilarityName, similarities } from "./loss.ts";
import { checkOptions, type Fields, nameIn, positive } from "./options.ts";

export interface DistillKlDivOptions {
  /** @default "dot" */
  readonly similarity?: SimilarityName;
  /** Of both softmaxes; the loss is scaled by its square, so that gradients keep their size. @default 1 */
  readonly temperature?: number;
}

export const distillKlDivFields: Fields<DistillKlDivOptions> = {
  similarity: nameIn(similarities),
  temperature: positive,
};

/**
 * Distillation of a ranking (Hinton et al., arXiv:1503.02531 §2; Lin et al., arXiv:2010.11386):
 * `τ² mean_i KL(softmax(t_i / τ) ‖ softmax(s_i / τ))` over the positive and hard negatives of a row. Labels are a teacher's scores
 * `[B, 1 + k]`. sentence-transformers' DistillKLDivLoss.
 * @throws bad-argument for options that make no sense
 */
export function distillKlDiv(options: DistillKlDivOptions = {}): Loss {
  checkOptions(options, distillKlDivFields, "distill-kl-div");
  const { similarity = "dot", temperature = 1 } = options;
  return (columns) => {
    const scores = studentScores(columns, similarity, "distill-kl-div");
    const wanted = labelColumns(columns, [scores.shape[1] as number], "distill-kl-div");
    const student = logSoftmax(mul(scores, 1 / temperature));
    const teacher = logSoftmax(mul(wanted, 1 / temperature));
    const each = reduceSum(mul(exp(teacher), sub(teacher, student)), { axes: [1] });
    return mul(reduceMean(each), temperature ** 2);
  };
}
