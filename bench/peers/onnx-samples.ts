/** Writes the sample graphs of the tests as files: `node bench/peers/onnx-samples.ts FOLDER`, then check_onnx.py. */
import { join } from "node:path";
import { saveModel } from "../../src/onnx/index.ts";
import { type Sample, samples } from "../../test/onnx/graphs.ts";

const [folder] = process.argv.slice(2);
if (!folder) throw new Error("which folder?");
for (const [name, make] of Object.entries(samples)) {
  const { graph, weights, opsets }: Sample = make();
  const options = { weights, ...(opsets && { opsets }) };
  await saveModel(join(folder, `${name}.onnx`), graph, options);
  const externalData = { location: `${name}.side.onnx_data` };
  await saveModel(join(folder, `${name}.side.onnx`), graph, { ...options, externalData });
}
