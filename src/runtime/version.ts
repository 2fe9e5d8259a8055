import { env } from "./onnxruntime.ts";

/** The version of ONNX Runtime that runs the graphs. */
export function runtimeVersion(): string {
  return env.versions.node ?? env.versions.common;
}
