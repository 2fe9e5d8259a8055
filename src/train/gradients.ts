import { bug } from "../errors.ts";
import type { Graph } from "../graph/node.ts";
import { widthOf } from "../models/head.ts";
import type { Packed } from "../nn/pack.ts";
import { RowSums, type RowUpdate } from "../optim/row-sums.ts";
import { floats, ints, type Tensor } from "../tensor/tensor.ts";
import type { TokenBatch } from "./batch.ts";
import { type Compiled, compile, runGradient } from "./compiled.ts";
import {
  backwardGraph,
  type Encoding,
  forwardGraph,
  fusedGraph,
  type GradientGraph,
  lossGraph,
  names,
  type Objective,
} from "./graphs.ts";
import { packing } from "./packing.ts";

export interface GradientOptions {
  /** Sequences encoded at once; a larger batch goes through gradient caching. */
  readonly chunkSize: number;
  /** Of the dropout masks. */
  readonly seed: number;
}

export interface BatchGradient {
  readonly loss: number;
  /** By weight. Good until the next batch: the buffers are reused. */
  readonly dense: ReadonlyMap<string, Float32Array>;
  readonly rows: ReadonlyMap<string, readonly RowUpdate[]>;
}

/** Computes the gradient of a batch's loss with respect to the weights. */
export interface Gradients extends AsyncDisposable {
  /** The weights are read in place: settle their tables first. `step` numbers the dropout masks. */
  compute(weights: Weights, batch: TokenBatch, step: number): Promise<BatchGradient>;
}

type Weights = Readonly<Record<string, Tensor>>;

/**
 * The gradient of a loss of embeddings: in one graph where the batch fits in a chunk, by gradient
 * caching (Gao et al., arXiv:2101.06983) where it does not. Both give the same gradient. Close with `await using`.
 */
export class GradientComputer implements Gradients {
  readonly #encoding: Encoding;
  readonly #objectives: readonly Objective[];
  readonly #options: GradientOptions;
  readonly #pack: ReturnType<typeof packing>;
  readonly #sessions = new Map<string, Promise<Compiled>>();
  readonly #sums = new Map<string, Float32Array>();
  readonly #scratch = new Map<string, Float32Array>();
  readonly #rows = new Map<string, RowSums>();

  /** Every batch is of one of the objectives; the encoder is the same for all. */
  constructor(encoding: Encoding, objectives: readonly Objective[], options: GradientOptions) {
    this.#encoding = encoding;
    this.#objectives = objectives;
    this.#options = options;
    this.#pack = packing(encoding, options.seed);
  }

  /** The weights are read in place: settle their tables first. `step` numbers the dropout masks. */
  async compute(weights: Weights, batch: TokenBatch, step: number): Promise<BatchGradient> {
    const { sequences } = batch;
    return sequences.length <= this.#options.chunkSize
      ? this.#fused(weights, batch, step)
      : this.#cached(weights, batch, step);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close("");
  }

  async #fused(weights: Weights, batch: TokenBatch, step: number): Promise<BatchGradient> {
    const packed = this.#pack(batch, step);
    const { task = 0 } = batch;
    const compiled = await this.#open(`fused ${task}`, () =>
      fusedGraph(this.#encoding, this.#objectives[task]),
    );
    const feeds = { ...weights, ...packed.feeds, ...this.#facts(batch) };
    const { results, dense, rows } = await runGradient(compiled, feeds, this.#sums);
    return { loss: (results[names.loss].data as Float32Array)[0], dense, rows };
  }

  async #cached(weights: Weights, batch: TokenBatch, step: number): Promise<BatchGradient> {
    const { chunkSize } = this.#options;
    const width = widthOf(this.#encoding);
    const { sequences, task = 0 } = batch;
    const embeddings = new Float32Array(sequences.length * width);
    const chunks = [];
    for (let start = 0; start < sequences.length; start += chunkSize) {
      const packed = this.#packPart(batch, start, start + chunkSize, step);
      const { session } = await this.#open("forward", () => forwardGraph(this.#encoding));
      const results = await session.run({ ...weights, ...packed.feeds });
      embeddings.set(results[names.embeddings].data as Float32Array, start * width);
      chunks.push({ start, packed });
    }
    // Its arena would lie beside that of the backward passes, which are the peak; opening it again costs some milliseconds a batch.
    await this.#close("forward");
    const { session: lossSession } = await this.#open(`loss ${task}`, () =>
      lossGraph(this.#objectives[task], width),
    );
    const outcome = await lossSession.run({
      [names.embeddings]: floats(embeddings, [sequences.length, width]),
      ...this.#facts(batch),
    });
    const gradient = outcome[names.embeddingGradient].data as Float32Array;
    for (const { start, packed } of chunks) {
      const end = Math.min(start + chunkSize, sequences.length);
      const part = floats(gradient.subarray(start * width, end * width), [end - start, width]);
      await this.#backward(weights, packed, part, start === 0);
    }
    const loss = (outcome[names.loss].data as Float32Array)[0];
    const rows = new Map([...this.#rows].map(([table, sums]) => [table, [sums.take()]] as const));
    return { loss, dense: this.#sums, rows };
  }

  /** Adds a chunk's gradients to the sums (or begins them). */
  async #backward(weights: Weights, packed: Packed, gradient: Tensor, first: boolean) {
    const compiled = await this.#open("backward", () => backwardGraph(this.#encoding));
    const feeds = { ...weights, ...packed.feeds, [names.embeddingGradient]: gradient };
    const { dense, rows } = await runGradient(compiled, feeds, first ? this.#sums : this.#scratch);
    if (!first) for (const [name, part] of dense) addTo(this.#sums.get(name)!, part);
    for (const [table, updates] of rows) {
      // Added up chunk by chunk: all rows of a large batch would be the largest thing in memory.
      const [size, width] = weights[table].shape as [number, number];
      const sums = this.#rows.get(table) ?? new RowSums(size, width);
      this.#rows.set(table, sums);
      for (const update of updates) sums.add(update);
    }
  }

  /** Sequences `[from, to)` of a batch. */
  #packPart({ sequences, promptTokens }: TokenBatch, from: number, to: number, step: number) {
    const part = {
      sequences: sequences.slice(from, to),
      first: from,
      ...(promptTokens && { promptTokens: promptTokens.subarray(from, to) }),
    };
    return this.#pack(part, step);
  }

  #facts({ sequences, identity, labels, teacher, task = 0 }: TokenBatch): Weights {
    const objective = this.#objectives[task];
    if (objective.identity && !identity) throw bug("a batch without identity", { at: `${task}` });
    if (objective.labels > 0 && !labels) throw bug("a batch without labels", { at: `${task}` });
    if (objective.teacher && !teacher) throw bug("a batch without a teacher", { at: `${task}` });
    const size = sequences.length / objective.columns;
    return {
      ...(objective.labels > 0 && {
        [names.labels]: floats(labels!, objective.labels === 1 ? [size] : [size, objective.labels]),
      }),
      ...(objective.teacher && { [names.teacher]: floats(teacher!, [size, objective.teacher]) }),
      ...(objective.identity && {
        [names.anchorIdentity]: ints(identity!.subarray(0, size)),
        [names.documentIdentity]: ints(identity!.subarray(size)),
      }),
    };
  }

  /** Closes the sessions whose key begins so. */
  async #close(kind: string): Promise<void> {
    for (const [key, compiled] of this.#sessions) {
      if (!key.startsWith(kind)) continue;
      this.#sessions.delete(key);
      await (await compiled).session[Symbol.asyncDispose]();
    }
  }

  #open(key: string, build: () => Graph | GradientGraph): Promise<Compiled> {
    const known = this.#sessions.get(key);
    if (known) return known;
    const opened = compile(build(), this.#encoding.architecture.imported?.opsets);
    this.#sessions.set(key, opened);
    return opened;
  }
}

function addTo(sum: Float32Array, part: Float32Array): void {
  for (let i = 0; i < sum.length; i++) sum[i] += part[i];
}
