import { bug } from "../errors.ts";

export interface AdamWOptions {
  /** Decay of the first moment. @default 0.9 */
  readonly beta1?: number;
  /** Decay of the second moment. @default 0.999 */
  readonly beta2?: number;
  /** @default 1e-8 */
  readonly epsilon?: number;
  /** Decoupled weight decay. @default 0.01 */
  readonly weightDecay?: number;
}

/** The numbers a step needs besides the parameter: its learning rate and the corrections of the moments' bias. */
interface StepConstants {
  readonly rate: number;
  readonly scale1: number;
  readonly scale2: number;
}

/** The gradient of some rows of a table, each row once (see `RowSums`). */
export interface RowGradient {
  readonly indices: Int32Array;
  /** `[N, D]`. */
  readonly rows: Float32Array;
}

/** The moments of one parameter, and for a table when each row was last moved. Saved and restored whole. */
export interface Moments {
  readonly first: Float32Array;
  readonly second: Float32Array;
  /** `[V]`: the step after which the row is up to date; absent for a dense parameter. */
  readonly upTo?: Int32Array;
}

/** Past so many steps without a gradient what is left of the momentum is below float32's resolution. */
const MEMORY = 200;

/**
 * AdamW (Loshchilov and Hutter, arXiv:1711.05101, algorithm 2; bias corrections as torch.optim.AdamW applies them):
 * `p ← p (1 − ηλ) − η m̂ / (√v̂ + ε)`. Parameters and gradients are float32 arrays, updated in place.
 *
 * A table whose gradient comes as rows is moved lazily: the steps a row missed (zero gradient, each at its own rate) are replayed
 * when it is next read, so the result is that of the dense update.
 */
export class AdamW {
  readonly #options: Required<AdamWOptions>;
  /** Of every step taken so far; index 0 is step 1. */
  readonly #steps: StepConstants[] = [];
  readonly #rates: number[] = [];

  constructor({
    beta1 = 0.9,
    beta2 = 0.999,
    epsilon = 1e-8,
    weightDecay = 0.01,
  }: AdamWOptions = {}) {
    this.#options = { beta1, beta2, epsilon, weightDecay };
  }

  /** The learning rates of the steps so far: with the moments, all that a resumed run needs. */
  get rates(): readonly number[] {
    return this.#rates;
  }

  /** Begins the next step at a learning rate; then each parameter is updated once. */
  beginStep(rate: number): void {
    const { beta1, beta2 } = this.#options;
    const t = this.#steps.length + 1;
    this.#rates.push(rate);
    this.#steps.push({
      rate,
      scale1: 1 / (1 - beta1 ** t),
      scale2: 1 / Math.sqrt(1 - beta2 ** t),
    });
  }

  /** Zero moments for a parameter of so many elements; `rows` of them make it a table. */
  static moments(size: number, rows?: number): Moments {
    return {
      first: new Float32Array(size),
      second: new Float32Array(size),
      ...(rows !== undefined && { upTo: new Int32Array(rows) }),
    };
  }

  /** One step of a dense parameter. */
  update(parameter: Float32Array, gradient: Float32Array, moments: Moments): void {
    if (gradient.length !== parameter.length) throw bug("a gradient of another size");
    this.#move(parameter, gradient, moments, 0, parameter.length, this.#steps.length - 1);
  }

  /** One step of a table for the rows of a batch; the others catch up when they are read. */
  updateRows(table: Float32Array, { indices, rows }: RowGradient, moments: Moments): void {
    const { upTo } = moments;
    if (!upTo) throw bug("the moments are not a table's");
    const width = table.length / upTo.length;
    const now = this.#steps.length - 1;
    indices.forEach((row, n) => {
      if (upTo[row] < now) this.#catchUp(table, moments, row, now);
      const gradient = rows.subarray(n * width, (n + 1) * width);
      this.#move(table, gradient, moments, row * width, width, now);
      upTo[row] = now + 1;
    });
  }

  /** Brings rows up to date with the steps so far, before they are read. @default all rows */
  settle(table: Float32Array, moments: Moments, indices?: Iterable<number>): void {
    const { upTo } = moments;
    if (!upTo) throw bug("the moments are not a table's");
    for (const row of indices ?? upTo.keys()) {
      if (upTo[row] < this.#steps.length) this.#catchUp(table, moments, row, this.#steps.length);
    }
  }

  /** Replays the zero-gradient steps of a row up to (not including) index `end`. */
  #catchUp(table: Float32Array, moments: Moments, row: number, end: number): void {
    const upTo = moments.upTo!;
    const width = table.length / upTo.length;
    const from = upTo[row];
    const { first } = moments;
    const start = row * width;
    const still = first.subarray(start, start + width).every((m) => m === 0);
    const replayed = still ? from : Math.min(end, from + MEMORY);
    for (let step = from; step < replayed; step++) {
      this.#move(table, undefined, moments, start, width, step);
    }
    if (replayed < end) this.#decay(table, moments, start, width, replayed, end);
    upTo[row] = end;
  }

  /** Steps in which nothing but the weight decay moves a row. */
  #decay(
    table: Float32Array,
    moments: Moments,
    start: number,
    width: number,
    from: number,
    end: number,
  ): void {
    const { beta2, weightDecay } = this.#options;
    let kept = 1;
    for (let step = from; step < end; step++) kept *= 1 - this.#rates[step] * weightDecay;
    const kept2 = beta2 ** (end - from);
    for (let i = start; i < start + width; i++) {
      table[i] *= kept;
      moments.first[i] = 0;
      moments.second[i] *= kept2;
    }
  }

  #move(
    parameter: Float32Array,
    gradient: Float32Array | undefined,
    { first, second }: Moments,
    start: number,
    size: number,
    step: number,
  ): void {
    const { beta1, beta2, epsilon, weightDecay } = this.#options;
    const { rate, scale1, scale2 } = this.#steps[step];
    const kept = 1 - rate * weightDecay;
    const pace = rate * scale1;
    const [rest1, rest2] = [1 - beta1, 1 - beta2];
    // In doubles, rounded when stored: half the time of Math.fround at each step on V8, and nearer the true value.
    for (let i = start, j = 0; j < size; i++, j++) {
      const g = gradient ? gradient[j] : 0;
      const m = beta1 * first[i] + rest1 * g;
      const v = beta2 * second[i] + rest2 * g * g;
      first[i] = m;
      second[i] = v;
      parameter[i] = parameter[i] * kept - (pace * m) / (Math.sqrt(v) * scale2 + epsilon);
    }
  }
}
