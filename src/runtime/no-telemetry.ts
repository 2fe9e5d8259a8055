/**
 * Nothing phones home. Since 1.29 the official libraries of ONNX Runtime report sessions to their maker unless this is set (onnxruntime #27379): hashes of weights and graphs among it, kept in
 * `~/.cache/Microsoft` until they are sent. Read once, when the library is loaded: import this before it. A program that loads Nearfold in a worker thread alone has to set it itself: the environment of a
 * worker is a copy.
 */
process.env.ORT_DISABLE_TELEMETRY = "1";
