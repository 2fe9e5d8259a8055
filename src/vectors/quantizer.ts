/** From vectors to codes and back, in any format. */
import { NearfoldError } from "../errors.ts";
import type { Space } from "../space.ts";
import { unitRows } from "../tensor/rows.ts";
import type { Quantized, Quantizer, VectorFormat } from "./kind.ts";
import { vectorKinds } from "./registry.ts";

/** Codes of some rows, and of a vector that is no longer than this many dimensions. */
export interface QuantizeOptions {
  /** Of the rows given; the format takes its leading dimensions. @default the format's */
  readonly width?: number;
}

/**
 * Chooses what makes codes of vectors like those of a sample `[N, width]`. Some hundred rows that are drawn from all over the collection
 * are enough; for float32 none.
 * @throws bad-argument without a row, or for fewer dimensions than the format's
 */
export function calibrate(
  format: VectorFormat,
  sample: Float32Array,
  { similarity, width = format.dims }: QuantizeOptions & Pick<Space, "similarity">,
): Quantizer {
  checkWidth(format, sample, width);
  if (sample.length === 0 && format.type !== "float32") {
    const [got, wanted] = ["no vectors", "a sample of those that will be kept"];
    throw new NearfoldError("bad-argument", `nothing to calibrate ${format.type} on`, {
      got,
      wanted,
    });
  }
  const rows = leading(sample, width, { format, similarity });
  return { format, similarity, ...vectorKinds[format.type].calibrate(rows, format.dims) };
}

/** Codes of rows `[N, width]`, of unit length under cosine. @throws bad-argument for fewer dimensions than the format's */
export function quantize(
  quantizer: Quantizer,
  vectors: Float32Array,
  { width = quantizer.format.dims }: QuantizeOptions = {},
): Quantized {
  checkWidth(quantizer.format, vectors, width);
  const rows = leading(vectors, width, quantizer);
  const codes = vectorKinds[quantizer.format.type].encode(rows, quantizer);
  return { quantizer, rows: vectors.length / width, codes };
}

/** The rows `[N, D]` that codes stand for. */
export function dequantize({ quantizer, codes }: Quantized): Float32Array<ArrayBuffer> {
  return vectorKinds[quantizer.format.type].decode(codes, quantizer);
}

/** Bytes of one vector. */
export function bytesPerVector({ type, dims }: VectorFormat): number {
  return vectorKinds[type].bytes(dims);
}

/** The format's leading dimensions of rows `[N, width]`, of unit length again under cosine; the rows themselves where all are taken. */
export function leading(
  vectors: Float32Array,
  width: number,
  { format: { dims }, similarity }: Pick<Quantizer, "format" | "similarity">,
): Float32Array {
  if (dims === width) return vectors;
  const rows = vectors.length / width;
  const cut = new Float32Array(rows * dims);
  for (let row = 0; row < rows; row++) {
    cut.set(vectors.subarray(row * width, row * width + dims), row * dims);
  }
  return similarity === "cosine" ? unitRows(cut, dims) : cut;
}

function checkWidth({ type, dims }: VectorFormat, vectors: Float32Array, width: number): void {
  if (dims <= width && vectors.length % width === 0) return;
  throw new NearfoldError("bad-argument", "the vectors do not fit the format", {
    got: `${vectors.length} numbers, ${width} a vector`,
    wanted: `rows of ${dims} or more, for ${type}@${dims}`,
  });
}
