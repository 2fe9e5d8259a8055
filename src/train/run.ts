import { exists } from "../durable.ts";
import { NearfoldError } from "../errors.ts";
import { type Adapter, mergeAdapter, newAdapter, stackAdapters } from "../models/adapter.ts";
import { asFloatModel, floatOf, parameterCount, toFloats } from "../models/codes.ts";
import type { Model } from "../models/model.ts";
import { AdamW, type Moments } from "../optim/adamw.ts";
import { clipGlobalNorm } from "../optim/clip.ts";
import { learningRate } from "../optim/schedule.ts";
import { floats, type Tensor } from "../tensor/tensor.ts";
import type { TokenBatch } from "./batch.ts";
import { type RunState, restoreCheckpoint, saveCheckpoint } from "./checkpoint.ts";
import type { TrainEvent } from "./events.ts";
import { fingerprintOf } from "./fingerprint.ts";
import { frozenBase } from "./frozen-base.ts";
import type { BatchGradient, Gradients } from "./gradients.ts";
import { type Encoding, loraSites } from "./graphs.ts";
import type { DevScore, Settings } from "./options.ts";
import { momentsState, plainTable, type TrainedTable } from "./parameters.ts";
import { subwordTable } from "./subword-table.ts";
import type { TokenBatches } from "./token-batches.ts";

/** The weights while they move. */
type Live = Record<string, Tensor<"float32">>;

/** What a run is for. */
export interface RunObjective {
  /** Opens what computes the gradients. */
  readonly gradients: (encoding: Encoding) => Gradients;
  /** Tells one objective from another: a checkpoint of another is refused. */
  readonly text: string;
}

/** The moving parts of a run: weights, optimizer, tables, and what is best so far. */
export class Run implements AsyncDisposable {
  readonly plan: TokenBatches;
  readonly settings: Settings;
  readonly #model: Model<Tensor>;
  /** Everything the graphs read; what is frozen is the model's own. */
  readonly #weights: Readonly<Record<string, Tensor>>;
  /** What moves. */
  readonly #trained: Live;
  readonly #adapter: Adapter | undefined;
  readonly #dense = new Map<string, Moments>();
  readonly #tables = new Map<string, TrainedTable>();
  readonly #optimizer: AdamW;
  readonly #gradients: Gradients;
  readonly #id: string;
  #best: { step: number; score: number; weights: Live } | undefined;
  #sinceBest = 0;
  /** When its clock began, earlier by what a resumed run took before. */
  #began: number | undefined;
  /** Whether the last step ended past the time there is. */
  #isLate = false;
  step = 0;

  constructor(
    model: Model<Tensor>,
    plan: TokenBatches,
    objective: RunObjective,
    settings: Settings,
  ) {
    this.#model = model;
    this.plan = plan;
    this.settings = settings;
    const { architecture, config, head } = model;
    const { dropout, seed, lora, formats, precision } = settings;
    const plain = { architecture, config, head, dropout, precision, ...(formats && { formats }) };
    const base = { get: (name: string) => floatOf(model, name) };
    this.#adapter = lora && newAdapter(loraSites({ ...plain, lora }), lora, { base, seed });
    const frozen = lora && frozenBase(model, precision);
    const encoding = { ...plain, ...(lora && { lora }), ...(frozen && { held: frozen.formats }) };
    this.#trained = this.#adapter
      ? Object.fromEntries(this.#adapter.weights)
      : copyOf(Object.fromEntries(model.weights) as Live);
    this.#weights = { ...(frozen && Object.fromEntries(frozen.weights)), ...this.#trained };
    this.#optimizer = new AdamW({ weightDecay: settings.weightDecay });
    this.#gradients = objective.gradients(encoding);
    this.#addTables();
    this.#id = fingerprintOf(model, plan, settings, objective.text);
  }

  /** How many are trained, and how many the model has. */
  get parameters() {
    const count = (all: Iterable<Tensor>) =>
      [...all].reduce((sum, { data }) => sum + data.length, 0);
    return {
      parameters: count(Object.values(this.#trained)),
      modelParameters: parameterCount(this.#model),
    };
  }

  get bestStep(): number {
    return this.#best?.step ?? this.step;
  }

  /** Seconds since the first step; those between a stop and its resumption don't count. */
  get seconds(): number {
    return this.#began === undefined ? 0 : (performance.now() - this.#began) / 1000;
  }

  isOver(): boolean {
    return this.step >= this.plan.totalSteps || this.#isLate;
  }

  /** One step: gradient, clip, update. */
  async advance() {
    this.#began ??= performance.now();
    const { epoch, batch, tokens } = this.plan.batch(this.step);
    this.#settleFor(batch);
    const result = await this.#gradients.compute(this.#weights, batch, this.step);
    this.#requireFinite("loss", result.loss, result);
    const isTable = (name: string) => this.#tables.has(name);
    const dense = [...result.dense].filter(([name]) => !isTable(name));
    // A tied output head reads its table as a whole: then the table's gradient has a dense part too.
    const read = new Set([...result.rows.keys(), ...result.dense.keys()]);
    const named = [...read].filter(isTable).map((name) => {
      const table = this.#tables.get(name)!;
      table.collect(result.rows.get(name) ?? [], result.dense.get(name));
      return table;
    });
    const parts = dense.map(([, gradient]) => gradient);
    const all = [...parts, ...named.flatMap(({ gradients }) => gradients)];
    const norm = this.settings.clip > 0 ? clipGlobalNorm(all, this.settings.clip) : undefined;
    if (norm !== undefined) this.#requireFinite("norm of the gradient", norm, result);
    const rate = this.#rate(this.step);
    this.#optimizer.beginStep(rate);
    for (const [name, gradient] of dense) {
      this.#optimizer.update(this.#trained[name].data, gradient, this.#momentsOf(name));
    }
    for (const table of named) table.apply();
    this.step++;
    this.#isLate = this.seconds >= (this.settings.maxSeconds ?? Number.POSITIVE_INFINITY);
    return { epoch, tokens, norm, rate, loss: result.loss };
  }

  /** Seconds of a step, by computing the next gradient twice and throwing it away. */
  async timeStep(): Promise<number> {
    const { batch } = this.plan.batch(this.step);
    this.#settleFor(batch);
    const result = await this.#gradients.compute(this.#weights, batch, this.step);
    for (const name of result.dense.keys()) this.#momentsOf(name);
    const started = performance.now();
    await this.#gradients.compute(this.#weights, batch, this.step);
    return (performance.now() - started) / 1000;
  }

  evaluationIsDue(): boolean {
    const { evaluate, evaluateEvery, epochs } = this.settings;
    const every = evaluateEvery ?? Math.ceil(this.plan.totalSteps / epochs);
    return !!evaluate && (this.step % every === 0 || this.isOver());
  }

  async evaluate(): Promise<DevScore & { readonly best: boolean }> {
    const scored = await this.settings.evaluate!(this.#snapshot());
    // A score that is no number is none.
    const best = scored.score > (this.#best?.score ?? Number.NEGATIVE_INFINITY);
    if (best) this.#best = { step: this.step, score: scored.score, weights: copyOf(this.#trained) };
    this.#sinceBest = best ? 0 : this.#sinceBest + 1;
    return { ...scored, best };
  }

  isStale(): boolean {
    return this.settings.patience !== undefined && this.#sinceBest >= this.settings.patience;
  }

  /** The model with the best weights. @throws not-finite */
  async finish(): Promise<Model> {
    if (this.#best) return this.#modelWith(this.#best.weights);
    const model = this.#snapshot();
    // A loss judges what the step before has made of the weights: one more, for those of the last.
    const last = this.step - 1;
    const { loss } = await this.#gradients.compute(
      this.#weights,
      this.plan.batch(last).batch,
      last,
    );
    if (Number.isFinite(loss)) return model;
    throw notFinite(`the loss is not a number after step ${this.step}`, `${loss}`);
  }

  async save(folder: string): Promise<TrainEvent> {
    const { step } = this;
    const state: RunState = {
      step,
      rates: this.#optimizer.rates,
      seconds: this.seconds,
      run: this.#id,
      evaluationsSinceBest: this.#sinceBest,
      ...(this.#best && { best: { step: this.#best.step, score: this.#best.score } }),
    };
    const best = new Map(Object.entries(this.#best?.weights ?? {}));
    await saveCheckpoint(folder, state, this.#arrays(), best);
    return { type: "checkpoint", step, folder };
  }

  async restore(): Promise<void> {
    const { checkpoint, resume } = this.settings;
    if (!checkpoint || !resume || !(await exists(checkpoint))) return;
    const best = copyOf(this.#trained);
    const state = await restoreCheckpoint(
      checkpoint,
      this.#id,
      this.#arrays(),
      new Map(Object.entries(best)),
    );
    if (!state) return;
    this.step = state.step;
    this.#began = performance.now() - 1000 * (state.seconds ?? 0);
    for (const rate of state.rates) this.#optimizer.beginStep(rate);
    this.#sinceBest = state.evaluationsSinceBest;
    if (state.best) this.#best = { ...state.best, weights: best };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#gradients[Symbol.asyncDispose]();
  }

  #addTables(): void {
    const { architecture, tokenizer } = this.#model;
    const { subwords, seed } = this.settings;
    if (this.#adapter) return;
    for (const [index, name] of architecture.tables.entries()) {
      const table = this.#trained[name];
      if (subwords && index === 0) {
        const tokens = Array.from({ length: table.shape[0] }, (_, id) => tokenizer.idToToken(id));
        const bare = new Set(tokenizer.specialTokens.values());
        this.#tables.set(
          name,
          subwordTable(this.#optimizer, name, table, tokens, { ...subwords, seed, bare }),
        );
      } else this.#tables.set(name, plainTable(this.#optimizer, name, table));
    }
  }

  /** The first table is read by token ids; the others are small and read anywhere. */
  #settleFor({ sequences }: TokenBatch): void {
    const [tokens, ...others] = [...this.#tables.values()];
    const seen = new Uint8Array(this.#model.tokenizer.vocabSize);
    const ids = [0];
    for (const sequence of sequences) {
      for (let i = 0; i < sequence.length; i++) {
        const id = sequence[i];
        if (!seen[id]) ids.push(id);
        seen[id] = 1;
      }
    }
    tokens?.settle(ids);
    for (const table of others) table.settle();
  }

  #settleAll(): void {
    for (const table of this.#tables.values()) table.settle();
  }

  #rate(step: number): number {
    const { learningRate: peak, warmup, decay, maxSeconds } = this.settings;
    const { totalSteps } = this.plan;
    const timed = maxSeconds === undefined ? 0 : (totalSteps * this.seconds) / maxSeconds;
    return learningRate(Math.max(step, timed), {
      peak,
      totalSteps,
      decay,
      warmupSteps: Math.ceil(warmup * totalSteps),
    });
  }

  #momentsOf(name: string): Moments {
    const known = this.#dense.get(name);
    if (known) return known;
    const made = AdamW.moments(this.#trained[name].data.length);
    this.#dense.set(name, made);
    return made;
  }

  /** @throws not-finite naming the tensor */
  #snapshot(): Model {
    this.#settleAll();
    const model = this.#modelWith(this.#trained);
    const bad = [...model.weights].find(([, { data }]) => !allFinite(data))?.[0];
    if (bad === undefined) return model;
    throw notFinite(`a weight is not a number after step ${this.step}`, bad);
  }

  /** The model as it is with these weights, adapters merged. */
  #modelWith(trained: Live): Model {
    const weights = new Map(Object.entries(trained));
    // An adapter that was merged into it is that of other weights, once these move.
    const { adapter: merged, ...bare } = this.#model;
    if (!this.#adapter) return asFloatModel(bare, weights);
    const own = { ...this.#adapter, weights };
    const adapter = merged ? stackAdapters(merged, own) : own;
    return { ...asFloatModel(bare, mergeAdapter(toFloats(bare), own)), adapter };
  }

  /** Everything that changes, by name, over the live arrays. */
  #arrays(): ReadonlyMap<string, Tensor> {
    const arrays = new Map<string, Tensor>();
    for (const table of this.#tables.values()) {
      for (const [name, value] of table.state()) arrays.set(name, value);
    }
    for (const [name, value] of Object.entries(this.#trained)) {
      arrays.set(name, value);
      if (this.#tables.has(name)) continue;
      for (const [key, moment] of momentsState(name, value.shape, this.#momentsOf(name))) {
        arrays.set(key, moment);
      }
    }
    return arrays;
  }

  /** @throws not-finite naming step and tensor */
  #requireFinite(what: string, value: number, { dense, rows }: BatchGradient): void {
    if (Number.isFinite(value)) return;
    const bad =
      [...dense].find(([, data]) => !allFinite(data))?.[0] ??
      [...rows].find(([, updates]) => updates.some((update) => !allFinite(update.rows)))?.[0];
    const got = `${value}${bad ? `; the gradient of ${bad} is not finite` : ""}`;
    throw notFinite(`the ${what} is not a number at step ${this.step + 1}`, got);
  }
}

function allFinite(data: Float32Array): boolean {
  return data.every(Number.isFinite);
}

function notFinite(what: string, got: string): NearfoldError {
  const hint = "Lower the learning rate, raise the temperature, or clip gradients";
  return new NearfoldError("not-finite", what, { got, hint });
}

function copyOf(weights: Live): Live {
  return Object.fromEntries(
    Object.entries(weights).map(([name, { shape, data }]) => [name, floats(data.slice(), shape)]),
  );
}
