import { bug, NearfoldError } from "../errors.ts";
import type { DType } from "../tensor/dtype.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { InferenceSession, listSupportedBackends, Tensor as OrtTensor } from "./onnxruntime.ts";

export type Feeds = Readonly<Record<string, Tensor>>;

/** Execution providers by the names ONNX Runtime has for them; the CPU's is in the package. */
export type Provider = "cpu" | "cuda" | "webgpu" | "dml" | "coreml" | "tensorrt";

export interface SessionOptions {
  /** In order of preference. @default ["cpu"] */
  readonly providers?: readonly Provider[];
  /** Threads of one operator. @default as many as the cores this process may use */
  readonly threads?: number;
  /**
   * Lay constant weights out anew for the products that read them: faster, and a copy of each. Turn off for weights that are also
   * read by backward products. @default true
   */
  readonly prepack?: boolean;
  /** Keep the arena of a run of known shapes in one piece. Off where shapes vary, or memory ratchets up. @default true */
  readonly memoryPattern?: boolean;
  /** Leave nodes that were written twice apart (recomputed activations). @default false */
  readonly keepDuplicates?: boolean;
  /** Leave a Transpose before a product apart instead of fusing the two. @default false */
  readonly keepTransposes?: boolean;
  /**
   * Let the threads of operators sleep between two runs, instead of waiting for the next one at full speed: for whoever else needs a core, such as
   * an event loop beside it. @default false
   */
  readonly restBetweenRuns?: boolean;
  /** Of a worker's session: other threads of this process go first, and leave it about a fifth of a core that they want too (Linux). @default false */
  readonly background?: boolean;
  /** Where the files lie that a model given as bytes points to; they are mapped into memory. @default the working directory */
  readonly dataFolder?: string;
  /** Write ONNX Runtime's profile to files with this prefix. @default none */
  readonly profile?: string;
}

/** A compiled graph. Close with `await using`. */
export interface Session extends AsyncDisposable {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  /**
   * Runs the graph. Feeds are read in place, without a copy. An output named in `into` is written there and returned as such; the
   * others are fresh and the caller's. Inputs the graph does not have are ignored.
   * @throws not-found for an input that is not fed; bug when ONNX Runtime refuses the run
   */
  run(feeds: Feeds, options?: RunOptions): Promise<Record<string, Tensor>>;
}

export interface RunOptions {
  /** Only these outputs. @default all */
  readonly outputs?: readonly string[];
  /** Preallocated outputs, of the right shape. */
  readonly into?: Feeds;
}

/** Opens a model, given as bytes or as a path, in this thread: a run blocks the event loop until it is done. */
export async function openSession(
  model: Uint8Array | string,
  options: SessionOptions = {},
): Promise<Session> {
  const providers = options.providers ?? ["cpu"];
  requireProviders(providers);
  let session: InferenceSession;
  try {
    session = await InferenceSession.create(model as Uint8Array, toOrtOptions(options));
  } catch (cause) {
    throw new NearfoldError("bad-input", "ONNX Runtime does not accept this model", {
      got: (cause as Error).message,
      ...(typeof model === "string" && { at: model }),
      cause,
    });
  }
  return {
    inputNames: session.inputNames,
    outputNames: session.outputNames,
    run: (feeds, run) => runSession(session, feeds, run),
    [Symbol.asyncDispose]: () => session.release(),
  };
}

function toOrtOptions(options: SessionOptions): InferenceSession.SessionOptions {
  const { providers = ["cpu"], threads, prepack = true, memoryPattern = true } = options;
  const disabled = [
    ...(options.keepDuplicates ? ["CommonSubexpressionElimination"] : []),
    ...(options.keepTransposes ? ["MatmulTransposeFusion"] : []),
  ];
  return {
    executionProviders: [...providers],
    graphOptimizationLevel: "all",
    enableMemPattern: memoryPattern,
    enableCpuMemArena: true,
    // Warnings of the optimizer are no concern of whoever runs a model.
    logSeverityLevel: 3,
    ...(threads !== undefined && { intraOpNumThreads: threads }),
    ...(options.profile && { enableProfiling: true, profileFilePrefix: options.profile }),
    extra: {
      session: {
        ...(!prepack && { disable_prepacking: "1" }),
        ...(options.restBetweenRuns && { force_spinning_stop: "1" }),
        ...(options.dataFolder !== undefined && {
          model_external_initializers_file_folder_path: options.dataFolder,
        }),
      },
      ...(disabled.length > 0 && {
        optimization: { disable_specified_optimizers: disabled.join(";") },
      }),
    },
  };
}

async function runSession(
  session: InferenceSession,
  feeds: Feeds,
  { outputs = session.outputNames, into = {} }: RunOptions = {},
): Promise<Record<string, Tensor>> {
  const given: Record<string, OrtTensor> = {};
  for (const name of session.inputNames) {
    const tensor = feeds[name];
    if (!tensor) throw new NearfoldError("not-found", "a graph input is not fed", { at: name });
    given[name] = toOrt(tensor);
  }
  const fetches: Record<string, OrtTensor | null> = {};
  for (const name of outputs) fetches[name] = into[name] ? toOrt(into[name]) : null;
  try {
    const results = await session.run(given, fetches);
    return Object.fromEntries(
      outputs.map((name) => [name, into[name] ?? fromOrt(results[name])] as const),
    );
  } catch (cause) {
    throw bug("ONNX Runtime refused to run a graph", { got: (cause as Error).message, cause });
  }
}

function toOrt({ dtype, data, shape }: Tensor): OrtTensor {
  if (dtype === "bfloat16") throw bug("bfloat16 has no tensor in ONNX Runtime's JavaScript");
  return new OrtTensor(dtype as "float32", data as Float32Array, shape);
}

function fromOrt({ type, data, dims }: OrtTensor): Tensor {
  return { dtype: type as DType, shape: dims, data: data as Float32Array } as Tensor;
}

/** The providers this installation of ONNX Runtime was built with. */
export function availableProviders(): string[] {
  return listSupportedBackends().map(({ name }) => name);
}

function requireProviders(wanted: readonly Provider[]): void {
  const found = availableProviders();
  const missing = wanted.find((provider) => !found.includes(provider));
  if (missing === undefined) return;
  throw new NearfoldError("unsupported", "an execution provider is not there", {
    got: `here: ${found.join(", ")}`,
    wanted: missing,
    hint: `Leave it out of \`providers\` to run on the CPU`,
  });
}
