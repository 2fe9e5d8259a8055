import { readFileSync } from "node:fs";
import { configReader } from "../src/models/config.ts";
import { architectureOf } from "../src/models/registry.ts";
import { parseSafetensors } from "../src/tensor/safetensors.ts";
import type { Tensor } from "../src/tensor/tensor.ts";

/** The tensors of a fixture under test/goldens, by a path without its ending. */
export function goldenTensors(path: string): ReadonlyMap<string, Tensor> {
  const file = new URL(`goldens/${path}.safetensors`, import.meta.url);
  return parseSafetensors(readFileSync(file), { at: path }).tensors;
}

/** The JSON beside them. */
export function goldenJson<T>(path: string): T {
  return JSON.parse(readFileSync(new URL(`goldens/${path}.json`, import.meta.url), "utf8")) as T;
}

/** Rows of a padded `[B, S]` id tensor as sequences of the given lengths. */
export function unpad(ids: Tensor, lengths: readonly number[]): number[][] {
  const [, width] = ids.shape as [number, number];
  return lengths.map((length, row) =>
    Array.from(
      ids.data.subarray(row * width, row * width + length) as ArrayLike<number | bigint>,
      Number,
    ),
  );
}

/** The checkpoint of `goldens/models/NAME` and what reads it. */
export function goldenModel(name: string, file = "config") {
  const json = goldenJson<Record<string, unknown>>(`models/${name}/${file}`);
  const architecture = architectureOf(json.model_type, "config.json");
  const config = architecture.parseConfig(configReader(json, "config.json"));
  return { architecture, config, checkpoint: goldenTensors(`models/${name}/model`) };
}
