import { NearfoldError } from "../errors.ts";
import type { Value } from "../graph/node.ts";
import {
  add,
  and,
  cast,
  concat,
  dimOf,
  equal,
  gather,
  less,
  mod,
  mul,
  not_,
  or,
  range,
  reduceMean,
  reshape,
  stopGradient,
  sub,
  unsqueeze,
  where,
} from "../graph/ops/index.ts";
import { MASKED } from "../nn/layout.ts";
import {
  average,
  type Columns,
  columnsOf,
  isSelf,
  type Loss,
  logSumExp,
  products,
  requireColumns,
  rowProducts,
  type SimilarityName,
  similarities,
} from "./loss.ts";
import {
  checkOptions,
  type Fields,
  finite,
  listOf,
  nameIn,
  objectOf,
  oneOf,
  positive,
} from "./options.ts";

/** Which scores of row `i` enter its softmax: of its anchor or its positive, with all documents or all anchors. */
export const directions = [
  "anchor-document",
  "document-anchor",
  "anchor-anchor",
  "document-document",
] as const;
export type Direction = (typeof directions)[number];

export interface InfoNceOptions {
  /** Scores are divided by it. @default 0.05 (a scale of 20) */
  readonly temperature?: number;
  /** @default "cosine" */
  readonly similarity?: SimilarityName;
  /**
   * `anchor-document` alone is the usual loss; with `document-anchor` it is symmetric; the two same-tower terms are GTE's
   * (arXiv:2308.03281, eq. 2). @default ["anchor-document"]
   */
  readonly directions?: readonly Direction[];
  /** One softmax over all directions, or the mean of one for each. @default "joint" */
  readonly partition?: "joint" | "per-direction";
  /** Adds strength · similarity, without gradient, to the logits of these negatives. @default none */
  readonly hardness?: Hardness;
}

interface Hardness {
  readonly of: "in-batch" | "hard-negatives";
  readonly strength: number;
}

export const infoNceFields: Fields<InfoNceOptions> = {
  temperature: positive,
  similarity: nameIn(similarities),
  directions: listOf(oneOf(directions)),
  partition: oneOf(["joint", "per-direction"]),
  hardness: objectOf<Hardness>({ of: oneOf(["in-batch", "hard-negatives"]), strength: finite }),
};

/**
 * InfoNCE with in-batch negatives (van den Oord et al., arXiv:1807.03748, eq. 4):
 * `mean_i ( log Σ_j exp(s(a_i, d_j) / τ) − s(a_i, p_i) / τ )`, d = positives and hard negatives of the whole batch;
 * sentence-transformers' MultipleNegativesRankingLoss. Where the columns have an identity, documents equal to the row's positive
 * and positives of an equal anchor are no negatives.
 * @throws bad-argument for a temperature that is not positive, or directions without the positive
 */
export function infoNce(options: InfoNceOptions = {}): Loss {
  checkOptions(options, infoNceFields, "info-nce");
  const { temperature = 0.05, similarity = "cosine", partition = "joint", hardness } = options;
  const { directions: chosen = ["anchor-document"] } = options;
  requirePositive(chosen, partition);
  return (columns) => {
    const all = columnsOf(requireColumns(columns, "info-nce", "positives"));
    const [a, p, ...negatives] = all.map(similarities[similarity]);
    const documents = concat([p, ...negatives], 0);
    const masks = masksOf(columns, documents);
    const logits = (scores: Value) => mul(scores, 1 / temperature);
    const harder = (scores: Value) =>
      hardness
        ? stopGradient(mul(scores, mul(cast(masks[hardness.of], "float32"), hardness.strength)))
        : undefined;
    const blocks: Record<Direction, () => Value> = {
      "anchor-document": () => {
        const scores = products(a, documents);
        const extra = harder(scores);
        return hide(extra ? add(logits(scores), extra) : logits(scores), masks.equalDocument);
      },
      "document-anchor": () => hide(logits(products(p, a)), masks.equalAnchor),
      "anchor-anchor": () => hide(logits(products(a, a)), masks.sameAnchor),
      "document-document": () => hide(logits(products(p, documents)), masks.sameDocument),
    };
    const positive = logits(rowProducts(a, p));
    const parts = chosen.map((direction) => blocks[direction]());
    const softmaxes = partition === "joint" ? [concat(parts, 1)] : parts;
    return average(softmaxes.map((part) => reduceMean(sub(logSumExp(part), positive))));
  };
}

function hide(logits: Value, mask: Value | undefined): Value {
  return mask ? where(mask, MASKED, logits) : logits;
}

/** Truth values `[B, N]` over documents, or `[B, B]` over anchors: what is no negative of row `i`, and what kind it is. */
function masksOf({ anchors, identity }: Columns, documents: Value) {
  const size = dimOf(anchors, 0);
  const row = unsqueeze(range(size), [1]);
  const document = unsqueeze(range(dimOf(documents, 0)), [0]);
  const ofRow = equal(mod(document, size), row);
  const self = isSelf(anchors);
  const own = equal(document, row);
  const either = (mask: Value, more: Value | undefined) => (more ? or(mask, more) : mask);
  const equals = identity && equalTexts(identity, size, document);
  const except = (mask: Value | undefined, kept: Value) => mask && and(mask, not_(kept));
  return {
    equalDocument: except(equals?.documents, own),
    equalAnchor: except(equals?.anchors, self),
    sameAnchor: either(self, equals?.anchors),
    sameDocument: either(ofRow, equals?.documents),
    "in-batch": not_(ofRow),
    "hard-negatives": and(ofRow, not_(own)),
  };
}

/** Pairs whose texts are equal: rows with rows `[B, B]`, and rows with documents `[B, N]`. */
function equalTexts(identity: NonNullable<Columns["identity"]>, size: Value, document: Value) {
  const { anchors, documents } = identity;
  const positives = gather(documents, range(size));
  const anchorsEqual = equal(unsqueeze(anchors, [1]), unsqueeze(anchors, [0]));
  const positivesEqual = equal(unsqueeze(positives, [1]), unsqueeze(positives, [0]));
  // Beyond the positives stand hard negatives: one of an equal anchor is a negative all the same.
  const spread = gather(anchors, reshape(mod(document, size), [-1]));
  const isPositive = less(document, size);
  const byAnchor = and(equal(unsqueeze(anchors, [1]), unsqueeze(spread, [0])), isPositive);
  const byDocument = equal(unsqueeze(positives, [1]), unsqueeze(documents, [0]));
  return { anchors: or(anchorsEqual, positivesEqual), documents: or(byAnchor, byDocument) };
}

function requirePositive(chosen: readonly Direction[], partition: string): void {
  const holdsPositive = (direction: Direction) =>
    !["anchor-anchor", "document-document"].includes(direction);
  const fits =
    partition === "joint" ? chosen.includes("anchor-document") : chosen.every(holdsPositive);
  if (!fits || chosen.length === 0) {
    throw new NearfoldError("bad-argument", "these directions do not hold the positive", {
      at: "info-nce",
      got: `${chosen.join(", ") || "none"}, ${partition}`,
      wanted:
        partition === "joint"
          ? "anchor-document among them"
          : "only anchor-document and document-anchor",
    });
  }
}
