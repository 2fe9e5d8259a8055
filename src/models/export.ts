import { type Graph, graphOf } from "../graph/node.ts";
import { share } from "../graph/rewrite.ts";
import { paddedLayout } from "../nn/padded-layout.ts";
import { quantizeWeights } from "../nn/quantized-weights.ts";
import { convertAfterLookup } from "../nn/weights.ts";
import { toDefaultDomain } from "../onnx/default-domain.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { encoderGraph } from "./encoder-graph.ts";
import type { Model } from "./model.ts";

/** Without weights, all are float32. */
type Exported = Pick<Model, "architecture" | "config" | "head" | "formats"> &
  Partial<Pick<Model<Tensor>, "weights">>;

/**
 * The model as other programs take it: `input_ids` and `attention_mask`, int64 `[batch_size, sequence_length]`, in; `last_hidden_state`
 * `[batch_size, sequence_length, D]` and `sentence_embedding` `[batch_size, widthOf]` out. Default domain, lowest opset; the weights are inputs
 * by their names. It pools all tokens: of a model that leaves its prompt out of the pooling, it is right for texts without one.
 */
export function exportGraph({
  architecture,
  config,
  head,
  formats = new Map(),
  weights = new Map(),
}: Exported): Graph {
  const layout = paddedLayout(head.pooling);
  const { tokens, embeddings } = encoderGraph(architecture, config, head, layout, {
    dtypeOf: (name) => (formats.has(name) ? "float32" : (weights.get(name)?.dtype ?? "float32")),
  });
  const quantized = quantizeWeights([layout.toBatch(tokens), embeddings], formats);
  const values = toDefaultDomain(convertAfterLookup(quantized));
  const [last_hidden_state, sentence_embedding] = share(values);
  return graphOf({
    last_hidden_state: last_hidden_state,
    sentence_embedding: sentence_embedding,
  });
}
