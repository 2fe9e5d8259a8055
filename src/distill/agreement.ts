/** How nearly a student sees texts as its teacher does. */
import type { Agreement } from "../space.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { TopK } from "../tensor/top-k.ts";

/** Neighbours that are compared. */
const NEIGHBOURS = 10;

/**
 * The agreement of a student's vectors `[N, D]` with a teacher's `[N, W]` of the same texts: the mean cosine of the two of a text (where
 * the widths are equal), and how many of the 10 nearest other texts both find. Costs N² products.
 */
export function agreementOf(student: Tensor<"float32">, teacher: Tensor<"float32">): Agreement {
  const [ours, theirs] = [unit(student), unit(teacher)];
  const texts = ours.shape[0];
  const [mine, wanted] = [neighbours(ours), neighbours(theirs)];
  let shared = 0;
  let all = 0;
  wanted.forEach((near, i) => {
    all += near.size;
    shared += mine[i].intersection(near).size;
  });
  return {
    texts,
    ...(ours.shape[1] === theirs.shape[1] && { cosine: meanProduct(ours, theirs) }),
    overlap: all === 0 ? 1 : shared / all,
  };
}

function meanProduct({ data, shape }: Tensor<"float32">, other: Tensor<"float32">): number {
  let sum = 0;
  for (let i = 0; i < data.length; i++) sum += data[i] * other.data[i];
  return shape[0] === 0 ? 1 : sum / shape[0];
}

/** The rows nearest to each row, itself left out. */
function neighbours({ data, shape }: Tensor<"float32">): ReadonlySet<number>[] {
  const [rows, width] = shape as [number, number];
  return Array.from({ length: rows }, (_, row) => {
    const best = new TopK(Math.min(NEIGHBOURS, rows - 1));
    for (let other = 0; other < rows; other++) {
      if (other === row) continue;
      let score = 0;
      for (let i = 0; i < width; i++) score += data[row * width + i] * data[other * width + i];
      if (best.takes(score, other)) best.push(score, other);
    }
    return new Set(best.sorted().map(({ row }) => row));
  });
}

/** Rows of length 1; those of zeros stay. */
function unit({ data, shape }: Tensor<"float32">): Tensor<"float32"> {
  const width = shape[1];
  const out = data.slice();
  for (let start = 0; start < out.length; start += width) {
    const row = out.subarray(start, start + width);
    const scale = 1 / Math.max(Math.hypot(...row), 1e-12);
    for (let i = 0; i < width; i++) row[i] *= scale;
  }
  return { dtype: "float32", shape, data: out };
}
