import { inspectPairs } from "../data/inspect.ts";
import type { Pair } from "../data/pairs.ts";
import type { Row } from "../data/row.ts";
import { NearfoldError } from "../errors.ts";
import { type Model, requireOneTower } from "../models/model.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { TrainEvent } from "./events.ts";
import { requireTrainable } from "./frozen-base.ts";
import type { Settings } from "./options.ts";
import { Run, type RunObjective } from "./run.ts";
import type { TaskData, TokenBatches } from "./token-batches.ts";

/** What happens, and at its end the model. */
export type Training = AsyncGenerator<TrainEvent, Model, void>;

/** Runs an objective to its last step, or until the dev score stands still. */
export async function* runToEnd(
  model: Model<Tensor>,
  plan: TokenBatches,
  objective: RunObjective,
  tasks: readonly TaskData[],
  settings: Settings,
): Training {
  requireOneTower(model, "trained");
  requireTrainable(model, settings);
  if (settings.dropout) requireDropout(model);
  await using run = new Run(model, plan, objective, settings);
  yield* preflight(
    run,
    tasks.flatMap(({ rows }) => rows),
  );
  const started = performance.now();
  const first = run.step;
  let stoppedEarly = false;
  let loss = Number.NaN;
  const { maxSeconds = Number.POSITIVE_INFINITY } = settings;
  while (!run.isOver() && !stoppedEarly) {
    if (settings.signal?.aborted) {
      if (settings.checkpoint) yield await run.save(settings.checkpoint);
      throw new NearfoldError("aborted", `training was stopped at step ${run.step}`, {
        ...(settings.checkpoint && { hint: "Its state is saved: resume to go on" }),
      });
    }
    const before = performance.now();
    const done = await run.advance();
    loss = done.loss;
    const now = performance.now();
    const perStep = (now - started) / (run.step - first);
    yield {
      type: "step",
      step: run.step,
      totalSteps: plan.totalSteps,
      epoch: done.epoch,
      loss,
      learningRate: done.rate,
      ...(done.norm !== undefined && { gradientNorm: done.norm }),
      tokensPerSecond: (1000 * done.tokens) / (now - before),
      secondsLeft: Math.max(
        0,
        Math.min((perStep * (plan.totalSteps - run.step)) / 1000, maxSeconds - run.seconds),
      ),
    };
    if (run.evaluationIsDue()) {
      const scored = await run.evaluate();
      yield { type: "evaluation", step: run.step, ...scored };
      stoppedEarly = run.isStale();
    }
    if (settings.checkpoint && run.step % settings.checkpointEvery === 0) {
      yield await run.save(settings.checkpoint);
    }
  }
  const seconds = (performance.now() - started) / 1000;
  const trained = await run.finish();
  yield {
    type: "done",
    steps: run.step,
    seconds,
    bestStep: run.bestStep,
    stoppedEarly,
    finalLoss: loss,
  };
  return trained;
}

/** @throws bad-argument for a graph that was exported: it has no places where something is dropped out */
function requireDropout({ name, architecture }: Model<Tensor>): void {
  if (!architecture.imported) return;
  throw new NearfoldError("bad-argument", "there is nothing to drop out", {
    at: name,
    got: "dropout, for a graph that was exported",
    wanted: "a model whose config.json says where",
  });
}

/** Restores a checkpoint, times one step and says what is ahead. */
async function* preflight(run: Run, rows: readonly Row[]): AsyncGenerator<TrainEvent, void, void> {
  const { plan, settings } = run;
  await run.restore();
  const stepSeconds = run.step < plan.totalSteps ? await run.timeStep() : 0;
  const left = plan.totalSteps - run.step;
  yield {
    type: "preflight",
    pairs: rows.length,
    columns: Math.max(...plan.shapes.map(({ columns }) => columns)),
    distinctTexts: plan.distinctTexts,
    duplicatePairs: inspectPairs(rows.map(asPair)).train.duplicates,
    truncatedShare: plan.truncated / plan.distinctTexts,
    tokens: plan.tokens,
    ...run.parameters,
    totalSteps: plan.totalSteps,
    resumedFrom: run.step,
    expectedSeconds: Math.min(left * stepSeconds, settings.maxSeconds ?? Number.POSITIVE_INFINITY),
    memoryMb: process.memoryUsage.rss() / 1e6,
  };
  if (settings.resume && run.step > 0 && settings.checkpoint) {
    yield { type: "checkpoint", step: run.step, folder: settings.checkpoint };
  }
}

/** A row as the inspection sees it: a text alone is its own pair. */
function asPair({ anchor, positive = anchor, negatives }: Row): Pair {
  return { anchor, positive, negatives };
}

/** Runs a training to its end and returns the model; `onEvent` sees what happens on the way. */
export async function trainToEnd(
  run: Training,
  onEvent: (event: TrainEvent) => void = () => {},
): Promise<Model> {
  for (;;) {
    const { value, done } = await run.next();
    if (done) return value;
    onEvent(value);
  }
}
