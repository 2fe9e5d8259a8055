/** A bag of tokens that begins with what a teacher makes of each token alone (model2vec: Tulkens and van Dongen, 2024). */
import { openForward } from "../encoder/forward.ts";
import { throwIfAborted } from "../errors.ts";
import type { Model, Weight } from "../models/model.ts";
import { withoutSpecialTokens } from "../models/tokenizer-files.ts";
import { floats, type Tensor } from "../tensor/tensor.ts";
import type { Tokenizer } from "../text/index.ts";
import { staticModel } from "../train/from-nothing.ts";

/** Tokens of a batch: sequences are short and alike. */
const BATCH = 512;

export interface TokenOutputOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: { readonly done: number; readonly total: number }) => void;
}

/**
 * The teacher's vector of every token of its vocabulary between the special tokens that it puts around a text, not brought to length 1: `[V, W]`.
 * Special tokens themselves are 0: a bag has none. @throws aborted
 */
export async function tokenOutputs(
  teacher: Model<Weight>,
  { signal, onProgress }: TokenOutputOptions = {},
): Promise<Tensor<"float32">> {
  const { tokenizer, head } = teacher;
  const raw = { ...head, layers: head.layers.filter(({ type }) => type !== "normalize") };
  await using forward = await openForward({ ...teacher, head: raw }, {});
  const [before, after] = aroundText(tokenizer);
  const special = new Set(tokenizer.specialTokens.values());
  const ids = Array.from({ length: tokenizer.vocabSize }, (_, id) => id);
  const wanted = ids.filter((id) => tokenizer.idToToken(id) !== undefined && !special.has(id));
  let all: Float32Array | undefined;
  let width = 0;
  onProgress?.({ done: 0, total: wanted.length });
  for (let done = 0; done < wanted.length; done += BATCH) {
    throwIfAborted(signal, `embedding tokens, at ${done} of ${wanted.length},`);
    const part = wanted.slice(done, done + BATCH);
    const rows = await forward.run(
      part.map((id) => Int32Array.from([...before, id, ...after])),
      new Int32Array(part.length),
    );
    width = rows.length / part.length;
    all ??= new Float32Array(tokenizer.vocabSize * width);
    for (const [i, id] of part.entries()) {
      all.set(rows.subarray(i * width, (i + 1) * width), id * width);
    }
    onProgress?.({ done: done + part.length, total: wanted.length });
  }
  return floats(all ?? new Float32Array(0), [tokenizer.vocabSize, width]);
}

/**
 * A table of token vectors without what all of them share, which says nothing: the mean of its rows that are not 0 is taken from each of
 * them (as PCA does in model2vec, distill/distillation.py).
 */
export function withoutMean({ data, shape }: Tensor<"float32">): Tensor<"float32"> {
  const [rows, width] = shape as [number, number];
  const row = (i: number) => data.subarray(i * width, (i + 1) * width);
  const said = Array.from({ length: rows }, (_, i) => i).filter((i) => row(i).some((x) => x !== 0));
  const mean = new Float64Array(width);
  for (const i of said) {
    row(i).forEach((x, k) => {
      mean[k] += x / said.length;
    });
  }
  const out = new Float32Array(data.length);
  for (const i of said) {
    out.set(
      row(i).map((x, k) => x - mean[k]),
      i * width,
    );
  }
  return floats(out, shape);
}

/** The ids that stand before and after those of a text. */
function aroundText(tokenizer: Tokenizer): readonly [readonly number[], readonly number[]] {
  const around = [...tokenizer.encode("").ids];
  const text = [...tokenizer.encode("a").ids];
  let before = 0;
  while (before < around.length && around[before] === text[before]) before++;
  return [around.slice(0, before), around.slice(before)];
}

export interface StaticStudentOptions {
  readonly name: string;
  /** How much each token counts. @default all alike */
  readonly weights?: Float64Array;
  /** Longer texts are cut. @default 512 */
  readonly maxTokens?: number;
}

/** A static model of a table of token vectors `[V, D]`, over the teacher's tokenizer without what it puts around a text. */
export function staticStudent(
  teacher: Pick<Model<Weight>, "tokenizer" | "prompts" | "card">,
  { data, shape }: Tensor<"float32">,
  { name, weights, maxTokens = 512 }: StaticStudentOptions,
): Model {
  const dims = shape[1];
  const table = weights ? data.map((x, i) => x * weights[Math.floor(i / dims)]) : data.slice();
  const { similarity } = teacher.card.space;
  const tokenizer = withoutSpecialTokens(teacher.tokenizer, name);
  return staticModel(tokenizer, floats(table, shape), { name, maxTokens, similarity });
}
