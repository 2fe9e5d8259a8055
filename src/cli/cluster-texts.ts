/** Texts to be grouped and their vectors, in memory. */
import { asUnitRows } from "../apps/cluster/unit-rows.ts";
import { openEncoder } from "../encoder/index.ts";
import { NearfoldError } from "../errors.ts";
import type { VectorStore } from "../stores/index.ts";
import type { Context } from "./command.ts";
import { encodeAll } from "./encoding.ts";
import { type ModelOptions, modelFolder } from "./model-reference.ts";
import { trackTask } from "./progress.ts";
import { openTextInput, type TextInputOptions } from "./text-input.ts";

export interface ClusterTextsOptions extends Omit<TextInputOptions, "more">, ModelOptions {
  readonly model?: string;
  /** The field of the known classes. */
  readonly label?: string;
}

export interface ClusterTexts {
  readonly ids: readonly string[];
  readonly texts: readonly string[];
  /** `[N, dims]` of unit length. */
  readonly vectors: Float32Array;
  readonly dims: number;
  /** Known classes, where they were asked for. */
  readonly classes?: readonly string[];
  /** Rows that were left out. */
  readonly skipped: number;
}

/** Vectors that are in memory, in numbers: 4 GB. */
const MOST_NUMBERS = 2 ** 30;

/** @throws as `openTextInput`, `openEncoder`; bad-argument where nothing says what the vectors are; too-large */
export async function readVectors(
  path: string,
  options: ClusterTextsOptions,
  context: Context,
  closing: AsyncDisposableStack,
): Promise<ClusterTexts> {
  const { model, label } = options;
  const more = label === undefined ? [] : [label];
  const input = closing.use(await openTextInput(path, { ...options, more }, context));
  if (model === undefined && !input.store) {
    const hint = "Name a model with --model, or an index in the place of the texts";
    throw new NearfoldError("bad-argument", "texts are grouped by vectors", { hint });
  }
  const encoder =
    model === undefined
      ? undefined
      : closing.use(await openEncoder(await modelFolder(model, options, context)));
  const [ids, texts, classes]: [string[], string[], string[]] = [[], [], []];
  for await (const { id, text, fields } of input.rows) {
    ids.push(id);
    texts.push(text);
    if (label !== undefined) classes.push(String(fields?.[label] ?? ""));
  }
  const dims = (encoder?.space ?? input.store!.space).dims;
  if (texts.length * dims > MOST_NUMBERS) {
    const [got, wanted] = [`${texts.length} texts`, `at most ${Math.floor(MOST_NUMBERS / dims)}`];
    throw new NearfoldError("too-large", "too many vectors for the memory", {
      at: path,
      got,
      wanted,
    });
  }
  const made = encoder
    ? (await encodeAll(encoder, texts, { role: "document", dims, unit: "texts" }, context)).vectors
    : await stored(input.store!, ids, dims, context);
  const vectors = asUnitRows(made, dims);
  const skipped = input.skipped();
  return { ids, texts, vectors, dims, skipped, ...(label !== undefined && { classes }) };
}

/** Vectors that are asked for at once. */
const PART = 1024;

async function stored(
  store: VectorStore,
  ids: readonly string[],
  dims: number,
  { report, now }: Context,
): Promise<Float32Array> {
  const task = { task: "reading vectors", unit: "texts", total: ids.length } as const;
  const advance = trackTask(report, task, now);
  const vectors = new Float32Array(ids.length * dims);
  for (let start = 0; start < ids.length; start += PART) {
    const found = await store.get(ids.slice(start, start + PART), { vectors: true });
    found.forEach((row, i) => {
      if (row?.vector) vectors.set(row.vector, (start + i) * dims);
    });
    advance(Math.min(ids.length, start + PART));
  }
  return vectors;
}
