/** ONNX Runtime, quiet: whoever imports it imports it here. */
import "./no-telemetry.ts";

export { env, InferenceSession, listSupportedBackends, Tensor } from "onnxruntime-node";
