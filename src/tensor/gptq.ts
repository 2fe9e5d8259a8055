/** GPTQ (Frantar et al., arXiv:2210.17323): rounding that knows what the weights are multiplied with. */
import { NearfoldError } from "../errors.ts";
import { inverseFactor } from "./cholesky.ts";
import { type CodeRange, codeRange, encode, greatestOf, type RowCodes } from "./codes.ts";
import { floats, type Tensor, tensor } from "./tensor.ts";

export interface GptqOptions {
  /** From 2 to 8. */
  readonly bits: number;
  /** Numbers of a row that share a scale; D must be a multiple. */
  readonly block: number;
}

/** Added to the diagonal of the moments, of its mean (§3.3, step 3). */
const DAMPING = 0.01;

/**
 * Where the greatest number of a block may lie, in steps over the lower end's 2^(bits − 1): to either side of it, each is tried. What errs least, each column counted by
 * what its error costs, is taken.
 */
const ENDS = [0.875, 0.94, 1, 1.03, 1.06, 1.125, 1.19].flatMap((end) => [end, -end]);

/**
 * Codes of a weight `[N, D]` for which `Σ ‖(W − Ŵ) x‖²` is small over the rows x it reads, whose moments `Σ x xᵀ` `[D, D]` are given: a column's error is made up for
 * by the columns after it (algorithm 1). The scale of a block is chosen when its first column is reached.
 * @throws mismatch for moments of another width; not-finite for such as are no numbers
 */
export function gptqRows(
  weight: Tensor<"float32">,
  moments: Tensor<"float32">,
  { bits, block }: GptqOptions,
): RowCodes {
  const [rows, width] = weight.shape;
  const factor = inverseFactor(damped(moments, width), width);
  const range = codeRange(bits, 2 ** (bits - 1));
  const codes = new Int8Array(rows * width);
  const scale = new Float32Array((rows * width) / block);
  const left = new Float64Array(width);
  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < width; i++) left[i] = weight.data[row * width + i];
    for (let i = 0; i < width; i++) {
      const at = row * width + i;
      const home = Math.floor(at / block);
      if (i % block === 0) scale[home] = bestScale(left, factor, { from: i, block, width, range });
      codes[at] = encode(left[i], scale[home], range);
      const slope = (left[i] - codes[at] * scale[home]) / factor[i * width + i];
      for (let k = i + 1; k < width; k++) left[k] -= slope * factor[i * width + k];
    }
  }
  return {
    codes: tensor("int8", [rows, width], codes),
    scale: floats(scale, [rows, width / block]),
  };
}

function damped({ data, shape }: Tensor<"float32">, width: number): Float64Array {
  if (`${shape}` !== `${[width, width]}`) {
    const [got, wanted] = [`[${shape}]`, `[${width},${width}]`];
    throw new NearfoldError("mismatch", "moments of rows of another width", { got, wanted });
  }
  const h = Float64Array.from(data);
  let trace = 0;
  for (let i = 0; i < width; i++) trace += h[i * width + i];
  // Where nothing was ever read, all columns cost the same.
  const more = trace === 0 ? 1 : (DAMPING * trace) / width;
  for (let i = 0; i < width; i++) h[i * width + i] += more;
  return h;
}

interface BlockPlace {
  readonly from: number;
  readonly block: number;
  readonly width: number;
  readonly range: CodeRange;
}

function bestScale(
  left: Float64Array,
  factor: Float64Array,
  { from, block, width, range }: BlockPlace,
): number {
  const greatest = greatestOf(left.subarray(from, from + block));
  if (Math.fround(greatest) === 0) return 1;
  let [best, least] = [1, Number.POSITIVE_INFINITY];
  for (const end of ENDS) {
    const scale = Math.fround(greatest / (range.low * end));
    let cost = 0;
    for (let i = from; i < from + block && cost < least; i++) {
      const error = (left[i] - encode(left[i], scale, range) * scale) / factor[i * width + i];
      cost += error * error;
    }
    if (cost < least) [best, least] = [scale, cost];
  }
  return best;
}
