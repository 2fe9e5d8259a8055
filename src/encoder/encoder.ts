import { setImmediate } from "node:timers/promises";
import { NearfoldError, throwIfAborted } from "../errors.ts";
import { spaceOf } from "../models/fingerprint.ts";
import { locateModel } from "../models/load.ts";
import type { Model, Role, Weight } from "../models/model.ts";
import type { Provider } from "../runtime/session.ts";
import type { Fit, Space } from "../space.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { cutRows } from "./cut-rows.ts";
import { planBatches } from "./plan-batches.ts";
import { type OpenTower, openTowers, type Towers } from "./towers.ts";

export interface EncoderOptions {
  /** Execution providers of ONNX Runtime, in order of preference. @default ["cpu"] */
  readonly providers?: readonly Provider[];
  /** Threads of one operator. @default as many as the cores this process may use */
  readonly threads?: number;
  /** Tokens that go through the model at once: what bounds memory. @default 1024 */
  readonly maxBatchTokens?: number;
  /** Run in a thread of its own, which leaves this thread's event loop free. @default false */
  readonly worker?: boolean;
  /**
   * For many texts: so many batches at once, each in a thread of its own with `threads` threads (1 by default) and its own copy of the weights. As many as there are cores is
   * fastest; a single text takes longer than with all threads at it. @default one batch after the other
   */
  readonly workers?: number;
}

export interface EncodeTextsOptions {
  /** Which of the model's prompts is put before each text. @default "document" */
  readonly role?: Role;
  /** Only so many leading dimensions, one of the encoder's `dims`. @default all */
  readonly dims?: number;
  readonly signal?: AbortSignal;
  /** Called after each batch. */
  readonly onProgress?: (progress: EncodeProgress) => void;
}

export interface EncodeProgress {
  /** Texts encoded so far. */
  readonly texts: number;
  /** Tokens encoded so far. */
  readonly tokens: number;
}

export interface Encoded {
  /** Row-major `[N, dims]`, the caller's; of length 1 if the model normalizes, 0 where a text has no tokens. */
  readonly vectors: Float32Array<ArrayBuffer>;
  readonly dims: number;
  /** Tokens that went through the model, special tokens included. */
  readonly tokens: number;
  /** Which texts were cut to the model's limit. */
  readonly truncated: readonly number[];
}

/** Some texts of a stream, from the `first` on; `truncated` counts from it. */
export interface EncodedPart extends Encoded {
  readonly first: number;
  readonly texts: readonly string[];
}

/** A model ready for texts. A vector does not depend on the texts it is encoded with. Close with `await using`. */
export interface Encoder extends AsyncDisposable {
  readonly name: string;
  /** Of the vectors in full; fewer dimensions are the same space with those `dims`. */
  readonly space: Space;
  /** The other space that it was fitted to, and may query. @default none */
  readonly fitted?: Fit;
  /** Dimensions a vector may be cut to, the full width first. */
  readonly dims: readonly number[];
  /** Longer documents are cut, special tokens included; Infinity where nothing limits them. Queries too, but where they have a tower of their own. */
  readonly maxTokens: number;
  /**
   * Vectors of texts, in their order.
   * @throws aborted; bad-argument for `dims` that the model was not trained for; not-finite naming the text
   */
  encode(texts: readonly string[], options?: EncodeTextsOptions): Promise<Encoded>;
  /** The same for a stream of any length, part by part in its order; memory stays flat. */
  encodeStream(
    texts: AsyncIterable<string> | Iterable<string>,
    options?: EncodeTextsOptions,
  ): AsyncIterable<EncodedPart>;
}

/** Tokens looked over at once, in batches, so that texts of like length meet. */
const WINDOW_BATCHES = 64;
/** Texts of a window at most, however short. */
const WINDOW_TEXTS = 4096;

/**
 * Opens a model, or the folder of one. A folder's weights are mapped into memory, not copied: while it is open, put another folder in its
 * place (as `saveModel` does), and do not write into its files.
 * @throws as `loadModel`; unsupported for a provider that is not there
 */
export async function openEncoder(
  model: Model<Tensor> | string,
  options: EncoderOptions = {},
): Promise<Encoder> {
  // What the layers pass on should stay in caches. MiniLM, texts a second with 512, 1,024, 2,048 and 4,096 tokens, two threads: abstracts in int8 53, 55, 46, 42, in float32 29, 30,
  // 30, 28; sentences in int8 1,660, 1,680, 1,599, 1,463.
  const { maxBatchTokens = 1024 } = options;
  if (!(maxBatchTokens >= 1)) {
    const [got, wanted] = [`${maxBatchTokens}`, "at least 1"];
    throw new NearfoldError("bad-argument", "maxBatchTokens is no size", { got, wanted });
  }
  const opened: Model<Weight> = typeof model === "string" ? await locateModel(model) : model;
  // The card of a model in memory may be of what it was before training.
  const space = typeof model === "string" ? opened.card.space : spaceOf(model);
  const towers = await openTowers(opened, options);
  return new ModelEncoder(opened, space, towers, { maxBatchTokens, lanes: options.workers || 1 });
}

class ModelEncoder implements Encoder {
  readonly name: string;
  readonly space: Space;
  readonly fitted?: Fit;
  readonly dims: readonly number[];
  readonly maxTokens: number;
  readonly #towers: Towers;
  readonly #maxBatchTokens: number;
  /** Batches that run at once. */
  readonly #lanes: number;

  // Not the model itself is kept: its weights are in the sessions now.
  constructor(
    { name, card, maxTokens }: Pick<Model, "name" | "card" | "maxTokens">,
    space: Space,
    towers: Towers,
    { maxBatchTokens, lanes }: { readonly maxBatchTokens: number; readonly lanes: number },
  ) {
    this.name = name;
    this.space = space;
    if (card.fitted?.of === space.id) this.fitted = card.fitted;
    this.dims = card.dims;
    this.maxTokens = maxTokens;
    this.#towers = towers;
    this.#maxBatchTokens = maxBatchTokens;
    this.#lanes = lanes;
  }

  async encode(texts: readonly string[], options: EncodeTextsOptions = {}): Promise<Encoded> {
    const dims = this.#dimsOf(options.dims);
    const vectors = new Float32Array(texts.length * dims);
    const truncated: number[] = [];
    let tokens = 0;
    for await (const part of this.encodeStream(texts, options)) {
      vectors.set(part.vectors, part.first * dims);
      for (const i of part.truncated) truncated.push(part.first + i);
      tokens += part.tokens;
    }
    return { vectors, dims, tokens, truncated };
  }

  async *encodeStream(
    texts: AsyncIterable<string> | Iterable<string>,
    { role = "document", dims: wanted, signal, onProgress }: EncodeTextsOptions = {},
  ): AsyncGenerator<EncodedPart> {
    const dims = this.#dimsOf(wanted);
    const tower = this.#towers[role];
    const done = { texts: 0, tokens: 0 };
    const report = (texts: number, tokens: number) => {
      done.texts += texts;
      done.tokens += tokens;
      onProgress?.({ ...done });
    };
    let first = 0;
    for await (const window of this.#windows(texts, tower, signal)) {
      const vectors = await this.#run(window, { tower, first, dims, signal, report });
      const { texts, sequences, truncated, tokens } = window;
      yield { first, texts, vectors, dims, tokens, truncated };
      first += sequences.length;
    }
  }

  /** Tokenizes until a window is full. */
  async *#windows(
    texts: AsyncIterable<string> | Iterable<string>,
    tower: OpenTower,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<Window> {
    const most = WINDOW_BATCHES * this.#maxBatchTokens;
    let window = emptyWindow();
    for await (const text of texts) {
      throwIfAborted(signal, "encoding");
      const { ids, truncated } = tower.tokenize(text);
      if (truncated) window.truncated.push(window.sequences.length);
      window.texts.push(text);
      window.sequences.push(ids);
      window.tokens += ids.length;
      if (window.tokens < most && window.sequences.length < WINDOW_TEXTS) continue;
      yield window;
      window = emptyWindow();
    }
    if (window.sequences.length > 0) yield window;
  }

  async #run({ sequences }: Window, { tower, first, dims, signal, report }: RunContext) {
    const vectors = new Float32Array(sequences.length * dims);
    const lengths = sequences.map(({ length }) => length);
    const limits = { maxBatchTokens: this.#maxBatchTokens };
    const batches = planBatches(lengths, limits);
    const empty = sequences.length - batches.reduce((sum, { length }) => sum + length, 0);
    if (empty > 0) report(empty, 0);
    const runBatch = async (batch: readonly number[]) => {
      // A run blocks the event loop: let it see an abort, a signal or a request in between.
      await setImmediate();
      throwIfAborted(signal, "encoding");
      const found = await tower.run(batch.map((i) => sequences[i]));
      cutRows(found, {
        width: this.space.dims,
        dims,
        normalize: tower.normalized,
        into: vectors,
        rows: batch,
        first,
      });
      report(
        batch.length,
        batch.reduce((sum, i) => sum + lengths[i], 0),
      );
    };
    // Each lane takes the next batch when it is done with one: the longest come first.
    const left = [...batches].reverse();
    const lane = async () => {
      for (let batch = left.pop(); batch; batch = left.pop()) await runBatch(batch);
    };
    try {
      await Promise.all(Array.from({ length: this.#lanes }, lane));
    } finally {
      // Where one failed, the others stop too.
      left.length = 0;
    }
    return vectors;
  }

  #dimsOf(wanted = this.space.dims): number {
    if (this.dims.includes(wanted)) return wanted;
    throw new NearfoldError("bad-argument", "the model was not trained for so many dimensions", {
      at: this.name,
      got: `${wanted}`,
      wanted: `one of ${this.dims.join(", ")}`,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#towers[Symbol.asyncDispose]();
  }
}

interface Window {
  readonly texts: string[];
  readonly sequences: Int32Array[];
  /** Indices into the window. */
  readonly truncated: number[];
  tokens: number;
}

function emptyWindow(): Window {
  return { texts: [], sequences: [], truncated: [], tokens: 0 };
}

interface RunContext {
  readonly tower: OpenTower;
  /** The window's place in the stream. */
  readonly first: number;
  readonly dims: number;
  readonly signal: AbortSignal | undefined;
  readonly report: (texts: number, tokens: number) => void;
}
