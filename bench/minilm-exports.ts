/** all-MiniLM-L6-v2 as the ONNX files that transformers.js runs. */
import { existsSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { miniLm } from "../test/minilm.ts";
import { openPeer } from "./peer.ts";

const CACHE = resolve(import.meta.dirname, "../.cache/peer-models");
const COPIED = ["config.json", "tokenizer.json", "tokenizer_config.json"];

/**
 * A folder with PyTorch's own export as `onnx/model.onnx`, and as `onnx/model_quantized.onnx` what ONNX Runtime's `quantize_dynamic` makes of it with the settings
 * of optimum's `avx512_vnni`. Made once, and kept in the cache.
 */
export async function exportedMiniLm(python: string): Promise<string> {
  const folder = join(CACHE, "all-minilm-l6-v2");
  if (existsSync(folder)) return folder;
  await mkdir(CACHE, { recursive: true });
  const making = await mkdtemp(join(CACHE, "making-"));
  try {
    for (const name of COPIED) await copyFile(join(miniLm, name), join(making, name));
    await mkdir(join(making, "onnx"));
    const path = join(making, "onnx", "model.onnx");
    const quantized = join(making, "onnx", "model_quantized.onnx");
    await using exporter = openPeer(python, "export_onnx.py");
    await exporter.ask("export", { model: miniLm, path });
    await exporter.ask("quantize", { path, quantized });
    await rename(making, folder);
  } finally {
    await rm(making, { recursive: true, force: true });
  }
  return folder;
}
