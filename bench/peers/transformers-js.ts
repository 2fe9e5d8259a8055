/** transformers.js on token ids: its model, its mean pooling and its normalization; a process of its own. */
import { basename, dirname } from "node:path";
import {
  AutoModel,
  env,
  mean_pooling,
  type PreTrainedModel,
  Tensor,
} from "@huggingface/transformers";
import { serve } from "../child.ts";

env.allowRemoteModels = false;
let model: PreTrainedModel;
let sequences: number[][] = [];

async function embed(batch: readonly (readonly number[])[]): Promise<number[][]> {
  const longest = Math.max(...batch.map(({ length }) => length));
  const ids = new BigInt64Array(batch.length * longest);
  const mask = new BigInt64Array(ids.length);
  batch.forEach((sequence, row) => {
    ids.set(BigInt64Array.from(sequence, BigInt), row * longest);
    mask.fill(1n, row * longest, row * longest + sequence.length);
  });
  const shape = [batch.length, longest];
  const attentionMask = new Tensor("int64", mask, shape);
  const { last_hidden_state: hidden } = await model({
    input_ids: new Tensor("int64", ids, shape),
    attention_mask: attentionMask,
    token_type_ids: new Tensor("int64", new BigInt64Array(ids.length), shape),
  });
  return mean_pooling(hidden, attentionMask).normalize(2, -1).tolist() as number[][];
}

async function run(batches: readonly (readonly number[])[][]) {
  const start = performance.now();
  const vectors: number[][] = [];
  for (const batch of batches) vectors.push(...(await embed(batch)));
  return { ms: performance.now() - start, vectors };
}

await serve({
  open: async (request: { readonly folder: string; readonly sequences: number[][] }) => {
    env.localModelPath = dirname(request.folder);
    model = await AutoModel.from_pretrained(basename(request.folder), { dtype: "fp32" });
    sequences = request.sequences;
    return { name: `transformers.js ${env.version}` };
  },
  padded: () => run([sequences]),
  single: () => run(sequences.map((sequence) => [sequence])),
});
