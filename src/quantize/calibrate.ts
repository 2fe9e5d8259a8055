/** The ranges of what layers read, for formats that hold one. */
import { planBatches } from "../encoder/plan-batches.ts";
import { NearfoldError, throwIfAborted } from "../errors.ts";
import { graphOf, input, topological, type Value } from "../graph/node.ts";
import { gather } from "../graph/ops/index.ts";
import { encoderGraph } from "../models/encoder-graph.ts";
import type { Model } from "../models/model.ts";
import { batchingOf } from "../nn/batching.ts";
import { siteOf } from "../nn/linear-site.ts";
import type { WeightFormat, WeightFormats } from "../nn/weight-format.ts";
import { encodeModel } from "../onnx/encode.ts";
import { openSession } from "../runtime/session.ts";
import { ints } from "../tensor/tensor.ts";
import { chooseRange } from "./choose-range.ts";

export interface CalibrateOptions {
  /** Texts like those that will be embedded, as documents. */
  readonly texts: readonly string[];
  readonly signal?: AbortSignal | undefined;
}

/** Rows of activations that are looked at, drawn evenly from all texts. */
const ROWS = 1024;
/** Tokens that go through the model at once. */
const BATCH_TOKENS = 2048;
/** The graph input with the rows of a batch that are drawn, `[R]` int32. */
const DRAWN = "calibration.rows";

/**
 * The formats, each that holds a range with that of its layer: the one in which rounding costs least, in squares, on rows that the layer read.
 * @throws bad-input where the texts have no tokens; aborted
 */
export async function calibrateFormats(
  model: Model,
  formats: WeightFormats,
  { texts, signal }: CalibrateOptions,
): Promise<WeightFormats> {
  const layers = [...formats].filter(([, { calibrated }]) => calibrated).map(([name]) => name);
  if (layers.length === 0) return formats;
  const ranges = new Map<string, ReturnType<typeof chooseRange>>();
  for (const [rows, weights] of await rowsRead(model, new Set(layers), texts, signal)) {
    const range = chooseRange(rows);
    for (const weight of weights) ranges.set(weight, range);
  }
  const fitted = ([name, format]: readonly [string, WeightFormat]) =>
    [name, format.calibrated?.(ranges.get(name)!) ?? format] as const;
  return new Map([...formats].map(fitted));
}

/** Rows that layers read, end to end, and the weights of the layers that read them. */
async function rowsRead(
  { architecture, config, head, weights, tokenizer, maxTokens: maxLength, prompts }: Model,
  layers: ReadonlySet<string>,
  texts: readonly string[],
  signal: AbortSignal | undefined,
): Promise<[Float32Array, string[]][]> {
  const batching = batchingOf(architecture, head);
  const { embeddings } = encoderGraph(architecture, config, head, batching.layout());
  const readers = new Map<Value, string[]>();
  for (const node of topological([embeddings])) {
    const site = siteOf(node);
    if (!site || !layers.has(site.weight)) continue;
    const [x] = node.inputs as [Value];
    readers.set(x, [...(readers.get(x) ?? []), site.weight]);
  }
  const drawn = input(DRAWN, "int32", ["R"]);
  const outputs = [...readers.keys()].map(
    // A head reads a row for each text: all of them are looked at.
    (x, i) => [`${i}`, x.shape[0] === "T" ? gather(x, drawn) : x] as const,
  );
  const { bytes } = encodeModel(graphOf(Object.fromEntries(outputs)), { weights });
  await using session = await openSession(bytes, { memoryPattern: false });
  const sequences = texts.map(
    (text) => tokenizer.encode(prompts.document + text, { maxLength }).ids,
  );
  const lengths = sequences.map(({ length }) => length);
  const batches = planBatches(lengths, { maxBatchTokens: BATCH_TOKENS });
  const total = lengths.reduce((sum, length) => sum + length, 0);
  if (total === 0) {
    const wanted = "texts like those that will be embedded";
    throw new NearfoldError("bad-input", "there is nothing to calibrate by", { wanted });
  }
  const found: number[][] = outputs.map(() => []);
  for (const batch of batches) {
    throwIfAborted(signal, "calibrating");
    const { feeds, tokens } = batching.pack(batch.map((i) => sequences[i]));
    const results = await session.run({ ...feeds, [DRAWN]: drawRows(tokens, total) });
    outputs.forEach(([name], i) => {
      for (const x of results[name].data as Float32Array) found[i].push(x);
    });
  }
  return [...readers.values()].map((names, i) => [Float32Array.from(found[i]), names]);
}

/** As many of a batch's tokens as it has a share in all, spread over them; rows of padding come after, and are none of them. */
function drawRows(tokens: number, total: number) {
  const count = Math.ceil(Math.min(1, ROWS / total) * tokens);
  return ints(Int32Array.from({ length: count }, (_, i) => Math.floor((i * tokens) / count)));
}
