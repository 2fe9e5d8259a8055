/** MiniLM's and other models' vectors of texts, computed once: a run that was stopped goes on. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { exists, writeDurably } from "../src/durable.ts";
import { openEncoder } from "../src/encoder/index.ts";
import { floats, type Tensor } from "../src/tensor/tensor.ts";

/** Where measurements keep what takes long, by what it was made of. */
export const CACHE = ".cache/applications";

/** `[N, D]`, of a model's folder. */
export async function cachedVectors(
  model: string,
  texts: readonly string[],
): Promise<Tensor<"float32">> {
  await using encoder = await openEncoder(model);
  const { id, dims } = encoder.space;
  const path = join(CACHE, `${keyOf([id, texts])}.f32`);
  const shape = [texts.length, dims];
  if (await exists(path)) {
    return floats(new Float32Array(new Uint8Array(await readFile(path)).buffer), shape);
  }
  const { vectors } = await encoder.encode(texts);
  await writeDurably(path, new Uint8Array(vectors.buffer, vectors.byteOffset, vectors.byteLength));
  return floats(vectors, shape);
}

export function keyOf(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value)).digest("hex").slice(0, 16);
}
