/** An exported text model in onnxruntime-web, which is what runs in browsers. */
import { readFile } from "node:fs/promises";
import * as web from "onnxruntime-web";
import { longs } from "../src/tensor/tensor.ts";

export interface WebModel extends AsyncDisposable {
  readonly inputs: readonly string[];
  /** The outputs of a batch, each sequence as long as the longest: `attention_mask` says on which side it is padded. */
  run(
    sequences: readonly ArrayLike<number>[],
    options?: { /** @default "right" */ readonly pad?: "left" | "right" },
  ): Promise<web.InferenceSession.OnnxValueMapType>;
}

export async function openWebModel(path: string): Promise<WebModel> {
  const bytes = await readFile(path);
  const session = await web.InferenceSession.create(bytes, { executionProviders: ["wasm"] });
  return {
    inputs: [...session.inputNames].sort(),
    async run(sequences, { pad = "right" } = {}) {
      const length = Math.max(...sequences.map((ids) => ids.length));
      const laid = (rowOf: (ids: ArrayLike<number>) => readonly number[]) => {
        const rows = sequences.flatMap((ids) => {
          const padding = Array(length - ids.length).fill(0);
          return pad === "left" ? [...padding, ...rowOf(ids)] : [...rowOf(ids), ...padding];
        });
        return new web.Tensor("int64", longs(rows).data, [sequences.length, length]);
      };
      const input_ids = laid((ids) => Array.from(ids));
      const attention_mask = laid((ids) => Array(ids.length).fill(1));
      return await session.run({ input_ids, attention_mask });
    },
    [Symbol.asyncDispose]: () => session.release(),
  };
}
