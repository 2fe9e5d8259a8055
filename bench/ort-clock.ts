import { InferenceSession } from "onnxruntime-node";

/** Milliseconds that this thread spent inside ONNX Runtime's `run` since the clock was started. */
export interface OrtClock extends Disposable {
  readonly ms: number;
}

/**
 * Counts the time of every session's `run` until it is disposed of. Reading inputs and outputs in the binding counts as ONNX
 * Runtime's; what the session module does around it does not.
 */
export function startOrtClock(): OrtClock {
  // The type hides that the factory is the sessions' class.
  const { prototype } = InferenceSession as unknown as {
    prototype: { run: (...args: never[]) => Promise<unknown> };
  };
  const { run } = prototype;
  let ms = 0;
  prototype.run = async function (this: unknown, ...args) {
    const start = performance.now();
    try {
      return await run.apply(this, args);
    } finally {
      ms += performance.now() - start;
    }
  };
  return {
    get ms() {
      return ms;
    },
    [Symbol.dispose]() {
      prototype.run = run;
    },
  };
}
