/** How a weight is held where it is no float: codes and scales, and the products that read them. */
import type { Dim, Shape } from "../graph/dim.ts";
import type { Type, Value } from "../graph/node.ts";
import type { DType } from "../tensor/dtype.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { layerOf } from "./linear-site.ts";

/** A matrix `[out, in]`: of a linear layer, or a table of rows, whose number a graph may not know. */
export interface MatrixSize {
  readonly out: Dim;
  readonly in: number;
}

/** A part of a weight: how it lies in a file, and as what the graph reads the same bytes. */
export interface PartType {
  readonly dtype: DType;
  readonly shape: Shape;
  /** @default as in the file */
  readonly read?: Type;
}

/** One way to hold weights. Names and layouts are those of compressed-tensors (github.com/vllm-project/compressed-tensors), which transformers reads. */
export interface WeightFormat {
  /** As it is written: `int8`, `int4-block32`. */
  readonly name: string;
  /** It is no code: a weight is read as the float that it is, and files say so by its dtype. @default false */
  readonly isFloat?: boolean;
  /** It rounds better by the moments of what its layer reads. @default false */
  readonly byMoments?: boolean;
  /** What `partName` makes the name of each part of, the codes first. */
  readonly parts: (size: MatrixSize) => Readonly<Record<string, PartType>>;
  /**
   * @param moments `Σ x xᵀ` `[in, in]` over rows that the layer reads; formats that round better by it do, the others leave it alone
   * @throws bad-argument for a size that this format can't hold; mismatch for moments of another
   */
  readonly quantize: (
    weight: Tensor<"float32">,
    moments?: Tensor<"float32">,
  ) => Readonly<Record<string, Tensor>>;
  readonly dequantize: (parts: Readonly<Record<string, Tensor>>) => Tensor<"float32">;
  /** What a weight (or rows of one) comes back as, rounded without moments, in a graph of floats; the gradient passes straight through. */
  readonly fake: (weight: Value) => Value;
  /** What its product makes of the activations, likewise. @default it takes them as they are */
  readonly fakeInput?: (x: Value) => Value;
  /** `x Wᵀ`: `[T, in] -> [T, out]`; the activations are rounded by `rows`, which is shared by the layers that read the same. @default it is for tables alone */
  readonly product?: (x: Value, part: Part, size: MatrixSize, rows: RoundRows) => Value;
  /** The same format for a layer whose input lies in a range. @default activations are rounded as they come */
  readonly calibrated?: (range: InputRange) => WeightFormat;
  /** `g W`: `[T, out] -> [T, in]`, the gradient of a layer's rows. @default nothing is trained through it */
  readonly back?: (g: Value, part: Part, size: MatrixSize, rows: RoundRows) => Value;
  /** Rows of a table. @default it is for products alone */
  readonly rows?: (part: Part, indices: Value) => Value;
}

/** Where the numbers lie that a layer reads; what is outside is cut to the nearer end. */
export interface InputRange {
  readonly low: number;
  readonly high: number;
}

/** `X.weight`, `X.weight_scale`; what begins with a dot is beside the weight: `X.input_scale`. */
export function partName(weight: string, suffix: string): string {
  return suffix.startsWith(".") ? `${layerOf(weight)}${suffix}` : `${weight}${suffix}`;
}

/** The graph input of a part. */
export type Part = (suffix: string) => Value;

/** Rows `[T, D]` as `(codes − zero) · scale`, with a scale for each `[T, 1]`. */
export interface RoundedRows {
  readonly codes: Value;
  readonly zero: Value;
  readonly scale: Value;
  /** `codes − zero`, which a second factor must be. */
  readonly signed: () => Value;
}

export type RoundRows = (x: Value) => RoundedRows;

/** The format of each weight that is no float, by the weight's name. */
export type WeightFormats = ReadonlyMap<string, WeightFormat>;
