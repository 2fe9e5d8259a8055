import { graphOf, input } from "../src/graph/node.ts";
import { matmul } from "../src/graph/ops/index.ts";
import { encodeModel } from "../src/onnx/encode.ts";
import { openSession } from "../src/runtime/session.ts";
import { floats } from "../src/tensor/tensor.ts";
import { median, timed } from "./measure.ts";

/** Rows, inner and columns of the product: the intermediate layer of the bench's model. */
const [M, K, N] = [2048, 384, 1536];
const RUNS = 15;

/** GFLOP/s of a float32 matrix product through ONNX Runtime: the median of `RUNS`, after warm-up. */
export async function gemmGflops(): Promise<number> {
  const product = matmul(input("a", "float32", [M, K]), input("b", "float32", [K, N]));
  await using session = await openSession(encodeModel(graphOf({ product })).bytes);
  const feeds = {
    a: floats(new Float32Array(M * K).fill(0.5), [M, K]),
    b: floats(new Float32Array(K * N).fill(0.5), [K, N]),
  };
  const into = { product: floats(new Float32Array(M * N), [M, N]) };
  const times: number[] = [];
  for (let run = -3; run < RUNS; run++) {
    const { ms } = await timed(() => session.run(feeds, { into }));
    if (run >= 0) times.push(ms);
  }
  return (2 * M * K * N) / (median(times) * 1e6);
}
