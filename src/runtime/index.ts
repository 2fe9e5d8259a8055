/** Running graphs: the one folder that knows ONNX Runtime. */
export {
  availableProviders,
  type Feeds,
  openSession,
  type Provider,
  type RunOptions,
  type Session,
  type SessionOptions,
} from "./session.ts";
export { openWorkerSession } from "./worker-session.ts";
