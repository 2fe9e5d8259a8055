/** Two towers learnt from who chose what. */
import { NearfoldError, throwIfAborted } from "../../errors.ts";
import { fillNormal, sequence, shuffle, uniform } from "../../graph/rng.ts";
import { AdamW } from "../../optim/adamw.ts";
import { learningRate } from "../../optim/schedule.ts";
import { floats, type Tensor } from "../../tensor/tensor.ts";
import { compile, runGradient } from "../../train/compiled.ts";
import { names } from "../../train/graphs.ts";
import { plainTable } from "../../train/parameters.ts";
import { drawExample, expectedDraws } from "./draw-batch.ts";
import { type Feedback, itemCounts } from "./feedback.ts";
import { logQ } from "./log-q.ts";
import { towerBatch } from "./tower-batch.ts";
import { feedNames, towerGraph, weightNames } from "./tower-graph.ts";
import { type Towers, toTowers } from "./towers.ts";

export interface TowerOptions {
  /** Vectors of the items' texts `[I, E]`. @default items are known by who chose them alone */
  readonly texts?: Tensor<"float32"> | undefined;
  /** @default 64 */
  readonly dims?: number;
  /** Rounds over all users. @default 60 */
  readonly epochs?: number;
  /** Users of a batch; their targets are each other's negatives. @default 128 */
  readonly batchSize?: number;
  /** Targets of one user in a batch, at most. @default 8 */
  readonly targets?: number;
  /** @default 0.01 */
  readonly learningRate?: number;
  /** @default 0.1 */
  readonly weightDecay?: number;
  /** The share of a history that is left out in a step. @default 0.2 */
  readonly dropout?: number;
  /** The share of items whose own row is left out in a step, so that their text must do (Volkovs et al. 2017, DropoutNet). @default 0.3 */
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
export async function trainTowers(
  feedback: Feedback,
  options: TowerOptions = {},
): Promise<Towers> {
  const { texts, dims = 64, epochs = 60, batchSize = 128, targets = 8, halfLife = 50 } = options;
  const { learningRate: peak = 0.01, weightDecay = 0.1, dropout = 0.2, longest = 200 } = options;
  const { idDropout = 0.3, seed = 42, signal, onStep } = options;
  requireChoices(feedback);
  const shape = { items: feedback.items.length, dims, textDims: texts?.shape[1] ?? 0 };
  const weights = beginWeights(shape, seed);
  const optimizer = new AdamW({ weightDecay });
  const tables = [weightNames.items, weightNames.choices].map(
    (name) => [name, plainTable(optimizer, name, weights[name])] as const,
  );
  const compiled = await compile(towerGraph(shape));
  await using _ = compiled.session;
  const dense = compiled.shape.dense.map(
    (name) => [name, AdamW.moments(weights[name].data.length)] as const,
  );
  const users = feedback.histories.filter(({ length }) => length > 0);
  const correction = logQ(expectedDraws(users, shape.items, { targets }));
  const order = Int32Array.from(users, (_, user) => user);
  const stepsOfEpoch = Math.ceil(users.length / batchSize);
  const totalSteps = epochs * stepsOfEpoch;
  const buffers = new Map<string, Float32Array>();
  for (let step = 0; step < totalSteps; step++) {
    throwIfAborted(signal, "the training");
    const [epoch, place] = [Math.floor(step / stepsOfEpoch), step % stepsOfEpoch];
    if (place === 0) shuffle(order, sequence(seed, epoch, 0));
    const next = sequence(seed, step, 1);
    const drawn = order.subarray(place * batchSize, (place + 1) * batchSize);
    const examples = Array.from(drawn, (user) =>
      drawExample(users[user], { targets, longest, dropout }, next),
    );
    const feeds = towerBatch(examples, {
      ...{ logQ: correction, halfLife, texts },
      dropped: (row) => uniform(seed, step, row, 2) < idDropout,
    });
    for (const [name, table] of tables) {
      table.settle(feeds[rowsOf[name]].data as Int32Array);
    }
    const { results, rows, dense: found } = await runGradient(
      compiled,
      { ...weights, ...feeds },
      buffers,
    );
    const loss = (results[names.loss].data as Float32Array)[0];
    if (!Number.isFinite(loss)) {
      throw new NearfoldError("not-finite", "the loss is not a number", { at: `step ${step + 1}` });
    }
    optimizer.beginStep(learningRate(step, { peak, totalSteps }));
    for (const [name, table] of tables) {
      table.collect(rows.get(name)!);
      table.apply();
    }
    for (const [name, moments] of dense) {
      optimizer.update(weights[name].data, found.get(name)!, moments);
    }
    onStep?.(step + 1, totalSteps, loss);
  }
  for (const [, table] of tables) table.settle();
  return toTowers(weights, { texts, halfLife, longest, counts: itemCounts(feedback) });
}

/** Which feed says which rows of a table a batch reads. */
const rowsOf: Readonly<Record<string, string>> = {
  [weightNames.items]: feedNames.targetRows,
  [weightNames.choices]: feedNames.chosenRows,
};

function beginWeights(
  { items, dims, textDims }: { items: number; dims: number; textDims: number },
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
