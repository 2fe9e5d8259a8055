/** Builds, measures and scores what a plan has left, one model after the other. */
import { NearfoldError } from "../errors.ts";
import {
  type Backbone,
  backbonesOf,
  type Candidate,
  compareQuality,
  describeBackbone,
  hashFile,
  isTied,
  type LeftOut,
  type Measured,
  measureBuilt,
  type Quality,
  type SchemeScore,
  scoreBuilt,
  type Step,
  secondsLeft,
} from "../plan/index.ts";
import type { Context } from "./command.ts";
import { PlanBuilder } from "./plan-build.ts";
import type { PlanInputs } from "./plan-inputs.ts";
import type { PlanOptions } from "./plan-options.ts";
import { trackTask } from "./progress.ts";
import { packageVersion } from "./version.ts";

/** A candidate with all that was measured of it. */
export interface PlanMeasured extends Measured {
  readonly quality: Quality;
  readonly score: SchemeScore;
  /** The whole process that answers queries. */
  readonly processMb: number;
  readonly documentsProcessMb: number;
  /** Queries that were timed. */
  readonly runs: number;
  /** Of embedding a million documents, in the currency of the price. */
  readonly costPerMillion: number;
  readonly folder: string;
}

export interface PlanMeasurements {
  readonly measured: readonly PlanMeasured[];
  readonly reference: PlanMeasured;
  /** Models that cannot be built, and why. */
  readonly failed: readonly LeftOut[];
  readonly commands: (backbone: Backbone) => readonly string[];
  readonly tied: (better: PlanMeasured, other: PlanMeasured) => boolean;
}

/** What a command says of a model that it cannot make: a finding, not an end. */
const CANNOT: readonly string[] = ["unsupported", "bad-argument"];
/** Guesses for the time left, in seconds: how far they are off shows after the first steps. */
const GUESS = { pass: 300, quantize: 15, documents: 1 / 40, scheme: 1.5 } as const;

/** @throws as the builder and the measurements; aborted. What was done until then is kept. */
export async function measureCandidates(
  candidates: readonly Candidate[],
  reference: Candidate,
  inputs: PlanInputs,
  options: PlanOptions,
  context: Context,
): Promise<PlanMeasurements> {
  const { evaluation, work, machine } = inputs;
  const builder = new PlanBuilder(inputs, await hashFile(inputs.calibration), options, context);
  const wanted = [reference, ...candidates.filter((one) => one !== reference)];
  const backbones = backbonesOf(wanted);
  const clock = stepClock(stepsOf(backbones, wanted, inputs, options), context);
  const { cpu, cores } = machine;
  const measuring = {
    ...{ work, evaluation, signal: context.signal },
    on: { cpu, cores: cores.allowed, version: packageVersion() },
  };
  const found: { candidate: Candidate; score: SchemeScore; backbone: BackboneFigures }[] = [];
  const failed: LeftOut[] = [];
  for (const backbone of backbones) {
    const name = describeBackbone(backbone);
    const own = wanted.filter((one) => one.backbone.name === backbone.name);
    try {
      const built = await builder.build(backbone);
      clock.done();
      const onProgress = childProgress(name, context);
      const figures = await measureBuilt(built, { ...measuring, onProgress });
      clock.done();
      const schemes = own.map(({ vectors }) => vectors);
      const scores = await scoreBuilt(built, figures, schemes, { ...measuring, onProgress });
      clock.done();
      for (const candidate of own) {
        const of = { ...figures, folder: built.folder };
        found.push({ candidate, score: scores[candidate.vectors], backbone: of });
      }
    } catch (error) {
      if (!(error instanceof NearfoldError) || !CANNOT.includes(error.code)) throw error;
      failed.push({ what: name, why: error.message });
      context.report({ type: "note", text: `${name} is left out: ${error.message}` });
      clock.skip();
    }
  }
  const [first] = found;
  if (first?.candidate !== reference) throw new NearfoldError("unsupported", failed[0].why);
  const measured = found.map(({ candidate, score, backbone }) => ({
    ...figuresOf(candidate, backbone, options),
    ...withQuality(compareQuality(score, first.score, evaluation.wanted)),
    candidate,
    score,
    searchMs: score.searchMs,
  }));
  return {
    measured,
    reference: measured[0],
    failed,
    commands: (backbone) => builder.commands(backbone),
    tied: (better, other) => isTied(better.score, other.score, evaluation.wanted),
  };
}

type BackboneFigures = Awaited<ReturnType<typeof measureBuilt>> & { readonly folder: string };

function figuresOf(candidate: Candidate, of: BackboneFigures, { pricePerHour }: PlanOptions) {
  const { queryP50Ms, queryP95Ms, memoryMb, processMb, documentsProcessMb, runs, folder } = of;
  const { documentsPerSecond } = of;
  return {
    ...{ queryP50Ms, queryP95Ms, memoryMb, processMb, documentsProcessMb, runs, folder },
    documentsPerSecond,
    bytesPerVector: candidate.bytes,
    costPerMillion: (pricePerHour / 3600) * (1e6 / documentsPerSecond),
  };
}

function withQuality(quality: Quality) {
  return { quality, kept: quality.kept.mean };
}

/** Three for each backbone: it is built, measured and scored. */
function stepsOf(
  backbones: readonly Backbone[],
  wanted: readonly Candidate[],
  { evaluation }: PlanInputs,
  { maxMinutes }: PlanOptions,
): readonly Step[] {
  const trained = new Set<string>();
  return backbones.flatMap((backbone) => {
    const { body, weights } = backbone;
    const trains = body.student && !trained.has(body.name);
    trained.add(body.name);
    const learning = trains ? (maxMinutes === undefined ? GUESS.pass : 60 * maxMinutes) : 0;
    const schemes = wanted.filter((one) => one.backbone.name === backbone.name).length;
    const name = describeBackbone(backbone);
    const share = Math.max(body.share, 0.05) * (weights.quantize ? 0.6 : 1);
    const documents = evaluation.set.documents.size * GUESS.documents * share;
    return [
      { name: `building ${name}`, guess: learning + (weights.quantize ? GUESS.quantize : 0) },
      { name: `measuring ${name}`, guess: documents },
      { name: `scoring ${name}`, guess: schemes * GUESS.scheme },
    ];
  });
}

/** Tells how far the whole is, after each step and before the next. */
function stepClock(steps: readonly Step[], { report, now }: Context) {
  const took: number[] = [];
  let began = now();
  const say = () =>
    report({
      type: "progress",
      ...{ task: "planning", unit: "steps", done: took.length, total: steps.length },
      secondsLeft: secondsLeft(steps, took),
      ...(took.length < steps.length && { figure: steps[took.length].name }),
    });
  const done = () => {
    const time = now();
    took.push((time - began) / 1000);
    began = time;
    say();
  };
  say();
  return {
    done,
    /** What is left of a backbone is not done. */
    skip: () => {
      do done();
      while (took.length % 3 !== 0);
    },
  };
}

/** Of a child: one task for each kind of thing that it counts. */
function childProgress(name: string, { report, now }: Context) {
  const tasks = new Map<string, ReturnType<typeof trackTask>>();
  return ({ unit, done, total }: { unit: string; done: number; total: number }) => {
    const advance =
      tasks.get(unit) ?? trackTask(report, { task: `measuring ${name}`, unit, total }, now);
    tasks.set(unit, advance);
    advance(done);
  };
}
