/**
 * The head of a language model: how likely each token of the vocabulary is to come next. Training reads it to teach a decoder that now sees
 * both sides (masked next-token prediction: BehnamGhader et al., LLM2Vec, arXiv:2404.05961 §2.2).
 */
import type { Value } from "../graph/node.ts";
import { apply } from "../graph/op.ts";
import {
  div,
  exp,
  gather,
  indexing,
  matmul,
  maximum,
  mul,
  neg,
  norms,
  reduceSum,
  scatterElements,
  squeeze,
  unsqueeze,
} from "../graph/ops/index.ts";

/** Which tokens are predicted, from which vectors, as the graph has it; `M` of them. */
export interface PredictionInputs {
  /** The row whose vector predicts, the one before the token: `[M]` int32. */
  readonly rows: Value;
  /** The id that is to be predicted: `[M]` int32. */
  readonly targets: Value;
  /** How much each counts: `[M]` float32; 0 for what only fills the shape up. */
  readonly weights: Value;
}

/**
 * The cross-entropy of the tokens to come, `Σ w · −log softmax(h Eᵀ)[target] / Σ w`, a scalar; 0 where nothing is predicted.
 * `tokens` `[T, D]` are a model's token vectors and `head` `[V, D]` its head, the table of token embeddings where the two are tied.
 * At most two arrays `[M, V]` are alive at a time, forwards and backwards.
 */
export function nextTokenLoss(
  tokens: Value,
  head: Value,
  { rows, targets, weights }: PredictionInputs,
): Value {
  const logits = matmul(gather(tokens, rows), head, { transB: true });
  const surprise = neg(logLikelihoods(logits, targets));
  return div(reduceSum(mul(surprise, weights)), maximum(reduceSum(weights), 1e-9));
}

/**
 * `log softmax(logits)[i, targets[i]]`: `[M, V], [M] -> [M]`. The gradient, one-hot minus softmax, is written in the place of the softmax, by one
 * rule on two nodes: the pick already gives the gradient of the logits, and the logarithm passes it on. One by one, the two rules would
 * also hold the one-hot rows, and read all rows once more.
 */
function logLikelihoods(logits: Value, targets: Value): Value {
  const logSoftmax = apply("LogSoftmax", norms.LogSoftmax, [logits], { axis: -1 }, (g) => [g]);
  const picked = apply(
    "GatherElements",
    indexing.GatherElements,
    [logSoftmax, unsqueeze(targets, [1])],
    { axis: 1 },
    (g, { inputs: [logs, indices] }) => [
      scatterElements(mul(exp(logs!), neg(g)), indices!, g, 1),
      undefined,
    ],
  );
  return squeeze(picked, [1]);
}
