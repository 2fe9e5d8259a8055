import type { Value } from "../graph/node.ts";
import { add, greater, relu, reshape, sub, unsqueeze } from "../graph/ops/index.ts";
import { type Loss, meanWhere, products, requireColumns, similarities } from "./loss.ts";
import { checkOptions, type Fields, nameIn, notNegative } from "./options.ts";

/** Which similarities `[B, B]` are compared with each other, as lists: `[lists, length]`. */
const comparisons = {
  row: (scores) => scores,
  batch: (scores) => reshape(scores, [1, -1]),
} as const satisfies Record<string, (scores: Value) => Value>;

export interface RelativeRankingOptions {
  /** How much closer the pair that the teacher finds closer should be. @default 0.015, as in the paper */
  readonly margin?: number;
  /** Pairs that share a text, B³ comparisons; or as in the paper any two pairs of the batch, which are B⁴. @default "row" */
  readonly among?: keyof typeof comparisons;
}

export const relativeRankingFields: Fields<RelativeRankingOptions> = {
  margin: notNegative,
  among: nameIn(comparisons),
};

/**
 * Distillation of an order: of two pairs of texts, the one that the teacher finds closer should be closer, by a margin:
 * `mean max(0, s_m·s_n − s_i·s_j + margin)` where `t_i·t_j > t_m·t_n`, over cosines of anchors. Jasper (Zhang et al., arXiv:2412.19048, L_resim).
 * @throws bad-argument for options that make no sense
 */
export function relativeRanking(options: RelativeRankingOptions = {}): Loss {
  checkOptions(options, relativeRankingFields, "relative-ranking");
  const { margin = 0.015, among = "row" } = options;
  return (columns) => {
    const { anchors, teacher } = requireColumns(columns, "relative-ranking", "teacher");
    const [student, wanted] = [anchors, teacher.anchors].map((vectors) => {
      const unit = similarities.cosine(vectors);
      return comparisons[among](products(unit, unit));
    });
    const closer = greater(unsqueeze(wanted, [2]), unsqueeze(wanted, [1]));
    const excess = add(sub(unsqueeze(student, [1]), unsqueeze(student, [2])), margin);
    return meanWhere(closer, relu(excess));
  };
}
