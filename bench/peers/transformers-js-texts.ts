/** transformers.js from texts to unit vectors: its tokenizer, its model, its mean pooling; a process of its own. */
import { basename, dirname } from "node:path";
import {
  AutoModel,
  AutoTokenizer,
  env,
  mean_pooling,
  type PreTrainedModel,
  type PreTrainedTokenizer,
  type Tensor,
} from "@huggingface/transformers";
import { serve } from "../child.ts";
import { timed } from "../measure.ts";

interface Open {
  readonly folder: string;
  readonly texts: readonly string[];
  readonly maxTokens: number;
  /** Which of the folder's ONNX files. */
  readonly dtype: "fp32" | "q8";
}

interface Encode {
  readonly batchSize: number;
  /** Texts of like length in one batch; else in the order given. @default true */
  readonly sorted?: boolean;
  /** Only so many texts, spread over all of them. @default all */
  readonly sample?: number;
}

env.allowRemoteModels = false;
let tokenizer: PreTrainedTokenizer;
let model: PreTrainedModel;
let texts: readonly string[] = [];
let maxTokens: number;
let vectors: readonly Float32Array[] = [];

async function embed(batch: string[]): Promise<Float32Array[]> {
  const inputs = tokenizer(batch, { padding: true, truncation: true, max_length: maxTokens });
  const { last_hidden_state: hidden } = await model(inputs);
  const pooled: Tensor = mean_pooling(hidden, inputs.attention_mask).normalize(2, -1);
  const [count, width] = pooled.dims;
  const data = pooled.data as Float32Array;
  return Array.from({ length: count }, (_, i) => data.subarray(i * width, (i + 1) * width));
}

async function encode(
  given: readonly string[],
  { batchSize, sorted = true }: Encode,
): Promise<Float32Array[]> {
  const order = [...given.keys()];
  if (sorted) order.sort((a, b) => given[b].length - given[a].length);
  const found: Float32Array[] = [];
  for (let start = 0; start < order.length; start += batchSize) {
    const rows = order.slice(start, start + batchSize);
    const batch = await embed(rows.map((row) => given[row]));
    rows.forEach((row, i) => {
      found[row] = batch[i];
    });
  }
  return found;
}

await serve({
  open: async ({ folder, dtype, ...request }: Open) => {
    env.localModelPath = dirname(folder);
    tokenizer = await AutoTokenizer.from_pretrained(basename(folder));
    model = await AutoModel.from_pretrained(basename(folder), { dtype });
    ({ texts, maxTokens } = request);
    return { name: `transformers.js ${env.version}` };
  },
  encode: async (request: Encode) => {
    const { sample = texts.length } = request;
    const every = texts.length / sample;
    const given = Array.from({ length: sample }, (_, i) => texts[Math.floor(i * every)]);
    const { ms, result } = await timed(() => encode(given, request));
    vectors = result;
    return { ms };
  },
  /** Of the last `encode`, as base64 of float32. */
  vectors: () => ({ base64: Buffer.concat(vectors.map(bytesOf)).toString("base64") }),
});

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Buffer {
  return Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength);
}
