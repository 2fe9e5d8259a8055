/** Two towers learnt from who chose what. */
import { NearfoldError, throwIfAborted } from "../../errors.ts";
import { fillNormal, sequence, shuffle, uniform } from "../../graph/rng.ts";
import { AdamW, type Moments } from "../../optim/adamw.ts";
import { learningRate } from "../../optim/schedule.ts";
import { floats, type Tensor } from "../../tensor/tensor.ts";
import { type Compiled, compile, type Feeds, runGradient } from "../../train/compiled.ts";
import { names } from "../../train/graphs.ts";
import { plainTable, type TrainedTable } from "../../train/parameters.ts";
import { drawExample, expectedDraws } from "./draw-batch.ts";
import { type Feedback, itemCounts } from "./feedback.ts";
import { logQ } from "./log-q.ts";
import { towerBatch } from "./tower-batch.ts";
import { feedNames, type TowerShape, towerGraph, weightNames } from "./tower-graph.ts";
import { type Towers, toTowers } from "./towers.ts";

export interface TowerOptions {
  /** Vectors of the items' texts `[I, E]`. @default items are known by who chose them alone */
  readonly texts?: Tensor<"float32"> | undefined;
  /** @default 64 */
  readonly dims?: number;
  /** Rounds over all users. @default 160 */
  readonly epochs?: number;
  /** Users of a batch; their targets are each other's negatives. @default 128 */
  readonly batchSize?: number;
  /** Targets of one user in a batch, at most. @default 8 */
  readonly targets?: number;
  /** The peak. @default 0.03 */
  readonly learningRate?: number;
  /** @default 0.1 */
  readonly weightDecay?: number;
  /** The share of a history that is left out in a step. @default 0.2 */
  readonly dropout?: number;
  /** The share of items whose own row is left out in a step, so that their text must do (Volkovs et al. 2017, DropoutNet). @default 0.1 */
  readonly idDropout?: number;
  /** In a history, items so much earlier count half. @default 50 */
  readonly halfLife?: number;
  /** Of a history the latest count, so many at most. @default 200 */
  readonly longest?: number;
  /** @default 42 */
  readonly seed?: number;
  readonly signal?: AbortSignal | undefined;
  /** After each step: how many are done, how many there are, and its loss. */
  readonly onStep?: (done: number, total: number, loss: number) => void;
}

/**
 * Trains both towers by a softmax over the items of the batch, corrected for popularity (`towerGraph`), with AdamW and a linear decay. The
 * same seed gives the same bytes.
 * @throws bad-input for less than two items that were chosen; aborted; not-finite
 */
export async function trainTowers(feedback: Feedback, options: TowerOptions = {}): Promise<Towers> {
  requireChoices(feedback);
  const settings = { ...defaults, ...options };
  const { epochs, batchSize, signal, onStep } = settings;
  const users = feedback.histories.filter(({ length }) => length > 0);
  const stepsOfEpoch = Math.ceil(users.length / batchSize);
  const totalSteps = epochs * stepsOfEpoch;
  const shape = {
    items: feedback.items.length,
    dims: settings.dims,
    textDims: settings.texts?.shape[1] ?? 0,
  };
  const compiled = await compile(towerGraph(shape));
  await using _ = compiled.session;
  const run = new TowerRun(compiled, users, shape, settings);
  for (let step = 0; step < totalSteps; step++) {
    throwIfAborted(signal, "the training");
    const [epoch, place] = [Math.floor(step / stepsOfEpoch), step % stepsOfEpoch];
    const rate = learningRate(step, { peak: settings.learningRate, totalSteps });
    const loss = await run.advance({ step, epoch, place, rate });
    onStep?.(step + 1, totalSteps, loss);
  }
  return run.finish(itemCounts(feedback));
}

const defaults = {
  dims: 64,
  epochs: 160,
  batchSize: 128,
  targets: 8,
  learningRate: 0.03,
  weightDecay: 0.1,
  dropout: 0.2,
  idDropout: 0.1,
  halfLife: 50,
  longest: 200,
  seed: 42,
} as const satisfies TowerOptions;

type Settings = TowerOptions & Required<Omit<TowerOptions, "texts" | "signal" | "onStep">>;

/** The weights of a training, and how a step moves them. */
class TowerRun {
  readonly #compiled: Compiled;
  readonly #users: readonly Int32Array[];
  readonly #settings: Settings;
  readonly #weights: Readonly<Record<string, Tensor<"float32">>>;
  readonly #optimizer: AdamW;
  readonly #tables: readonly (readonly [name: string, table: TrainedTable])[];
  readonly #dense: readonly (readonly [name: string, moments: Moments])[];
  readonly #logQ: Float32Array;
  /** Users in the order of this epoch. */
  readonly #order: Int32Array;
  readonly #buffers = new Map<string, Float32Array>();

  constructor(
    compiled: Compiled,
    users: readonly Int32Array[],
    shape: TowerShape,
    settings: Settings,
  ) {
    const { seed, weightDecay } = settings;
    const weights = beginWeights(shape, seed);
    this.#compiled = compiled;
    this.#users = users;
    this.#settings = settings;
    this.#weights = weights;
    const optimizer = new AdamW({ weightDecay });
    this.#optimizer = optimizer;
    this.#tables = [weightNames.items, weightNames.choices].map(
      (name) => [name, plainTable(optimizer, name, weights[name])] as const,
    );
    this.#dense = compiled.shape.dense.map(
      (name) => [name, AdamW.moments(weights[name].data.length)] as const,
    );
    this.#logQ = logQ(expectedDraws(users, shape.items, settings));
    this.#order = Int32Array.from(users, (_, user) => user);
  }

  /** One step, and its loss. @throws not-finite */
  async advance({ step, epoch, place, rate }: StepPlace): Promise<number> {
    const feeds = this.#draw(step, epoch, place);
    for (const [name, table] of this.#tables) {
      table.settle(feeds[rowsOf[name]].data as Int32Array);
    }
    const all = { ...this.#weights, ...feeds };
    const { results, rows, dense } = await runGradient(this.#compiled, all, this.#buffers);
    const loss = (results[names.loss].data as Float32Array)[0];
    if (!Number.isFinite(loss)) {
      throw new NearfoldError("not-finite", "the loss is not a number", { at: `step ${step + 1}` });
    }
    this.#optimizer.beginStep(rate);
    for (const [name, table] of this.#tables) {
      table.collect(rows.get(name)!);
      table.apply();
    }
    for (const [name, moments] of this.#dense) {
      this.#optimizer.update(this.#weights[name].data, dense.get(name)!, moments);
    }
    return loss;
  }

  finish(counts: Int32Array): Towers {
    for (const [, table] of this.#tables) table.settle();
    const { texts, halfLife, longest } = this.#settings;
    return toTowers(this.#weights, { texts, halfLife, longest, counts });
  }

  #draw(step: number, epoch: number, place: number): Feeds {
    const { seed, batchSize, idDropout, halfLife, texts } = this.#settings;
    if (place === 0) shuffle(this.#order, sequence(seed, epoch, 0));
    const next = sequence(seed, step, 1);
    const drawn = this.#order.subarray(place * batchSize, (place + 1) * batchSize);
    const examples = Array.from(drawn, (user) =>
      drawExample(this.#users[user], this.#settings, next),
    );
    return towerBatch(examples, {
      ...{ logQ: this.#logQ, halfLife, texts },
      dropped: (row) => uniform(seed, step, row, 2) < idDropout,
    });
  }
}

interface StepPlace {
  readonly step: number;
  readonly epoch: number;
  /** Of the step within its epoch. */
  readonly place: number;
  readonly rate: number;
}

/** Which feed says which rows of a table a batch reads. */
const rowsOf: Readonly<Record<string, string>> = {
  [weightNames.items]: feedNames.targetRows,
  [weightNames.choices]: feedNames.chosenRows,
};

function beginWeights(
  { items, dims, textDims }: TowerShape,
  seed: number,
): Record<string, Tensor<"float32">> {
  const drawn = (stream: number, rows: number, width: number, std: number) =>
    floats(fillNormal(new Float32Array(rows * width), { seed, stream: [stream], std }), [
      rows,
      width,
    ]);
  const std = 0.1 / Math.sqrt(dims);
  return {
    [weightNames.items]: drawn(0, items, dims, std),
    [weightNames.choices]: drawn(1, items, dims, std),
    [weightNames.start]: drawn(2, 1, dims, std),
    ...(textDims > 0 && {
      [weightNames.itemText]: drawn(3, dims, textDims, std),
      [weightNames.choiceText]: drawn(4, dims, textDims, std),
    }),
  };
}

function requireChoices({ histories }: Feedback): void {
  const chosen = new Set(histories.flatMap((history) => [...history]));
  if (chosen.size > 1) return;
  throw new NearfoldError("bad-input", "too little was chosen to learn from", {
    got: `${chosen.size} items`,
    wanted: "at least two",
  });
}
