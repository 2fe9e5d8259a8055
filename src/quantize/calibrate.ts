/** The ranges of what layers read, for formats that hold one. */
import { input } from "../graph/node.ts";
import { gather } from "../graph/ops/index.ts";
import type { Model } from "../models/model.ts";
import type { WeightFormat, WeightFormats } from "../nn/weight-format.ts";
import { joinFloats } from "../tensor/join-floats.ts";
import { ints } from "../tensor/tensor.ts";
import { chooseRange } from "./choose-range.ts";
import { documentBatches, layerInputs, observe } from "./layer-inputs.ts";

export interface CalibrateOptions {
  /** Texts like those that will be embedded, as documents. */
  readonly texts: readonly string[];
  readonly signal?: AbortSignal | undefined;
}

/** Rows of activations that are looked at, drawn evenly from all texts. */
const ROWS = 1024;
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
  for (const [rows, weights] of await rowsRead(model, new Set(layers), { texts, signal })) {
    const range = chooseRange(rows);
    for (const weight of weights) ranges.set(weight, range);
  }
  const fitted = ([name, format]: readonly [string, WeightFormat]) =>
    [name, format.calibrated?.(ranges.get(name)!) ?? format] as const;
  return new Map([...formats].map(fitted));
}

/** Rows that layers read, end to end, and the weights of the layers that read them. */
async function rowsRead(
  model: Model,
  layers: ReadonlySet<string>,
  { texts, signal }: CalibrateOptions,
): Promise<(readonly [Float32Array, readonly string[]])[]> {
  const batches = documentBatches(model, texts);
  const read = layerInputs(model, layers);
  const total = batches.flat().reduce((sum, { length }) => sum + length, 0);
  const drawn = input(DRAWN, "int32", ["R"]);
  // A head reads a row for each text: all of them are looked at.
  const rows = read.map(({ x }) => (x.shape[0] === "T" ? gather(x, drawn) : x));
  const feeds = ({ tokens }: { readonly tokens: number }) => ({ [DRAWN]: drawRows(tokens, total) });
  const parts: Float32Array[][] = read.map(() => []);
  for await (const found of observe(model, rows, batches, { feeds, signal })) {
    found.forEach(({ data }, i) => {
      parts[i].push(data as Float32Array);
    });
  }
  return read.map(({ weights }, i) => [joinFloats(parts[i]), weights] as const);
}

/** As many of a batch's tokens as it has a share in all, spread over them; rows of padding come after, and are none of them. */
function drawRows(tokens: number, total: number) {
  const count = Math.ceil(Math.min(1, ROWS / total) * tokens);
  return ints(Int32Array.from({ length: count }, (_, i) => Math.floor((i * tokens) / count)));
}
