/** Builds, measures and scores what a plan has left, one model after the other. */
import { NearfoldError } from "../errors.ts";
import {
  type Backbone,
  backbonesOf,
  type Candidate,
  compareQuality,
  describeBackbone,
  isTied,
  type LeftOut,
  type Measured,
  type MeasuringOptions,
  measureBuilt,
  type Quality,
  type SchemeScore,
  scoreBuilt,
} from "../plan/index.ts";
import type { Context } from "./command.ts";
import type { PlanBuilder } from "./plan-build.ts";
import type { PlanInputs } from "./plan-inputs.ts";
import type { PlanOptions } from "./plan-options.ts";
import { childProgress, stepClock, stepsOf } from "./plan-progress.ts";
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

interface PlanMeasurements {
  readonly measured: readonly PlanMeasured[];
  readonly reference: PlanMeasured;
  /** Models that cannot be built, and why. */
  readonly failed: readonly LeftOut[];
  readonly tied: (better: PlanMeasured, other: PlanMeasured) => boolean;
}

/** What is built with, where, and of what. */
export interface PlanWork {
  readonly builder: PlanBuilder;
  readonly work: string;
  readonly inputs: PlanInputs;
}

/** What a command says of a model that it cannot make: a finding, not an end. */
const CANNOT: readonly string[] = ["unsupported", "bad-argument"];

/**
 * @throws as the builder and the measurements; bad-input where the given model finds nothing; aborted. What was done until then is kept.
 */
export async function measureCandidates(
  candidates: readonly Candidate[],
  reference: Candidate,
  { builder, work, inputs }: PlanWork,
  options: PlanOptions,
  context: Context,
): Promise<PlanMeasurements> {
  const { evaluation, machine } = inputs;
  const wanted = [reference, ...candidates.filter((one) => one !== reference)];
  const backbones = backbonesOf(wanted);
  const ahead = { documents: evaluation.set.documents.size, maxMinutes: options.maxMinutes };
  const clock = stepClock(stepsOf(backbones, wanted, ahead), context);
  const on = { cpu: machine.cpu, cores: machine.cores.allowed, version: packageVersion() };
  const found: Found[] = [];
  const failed: LeftOut[] = [];
  for (const backbone of backbones) {
    const name = describeBackbone(backbone);
    const onProgress = childProgress(name, context);
    const measuring = { work, evaluation, on, signal: context.signal, onProgress };
    const own = wanted.filter((one) => one.backbone.name === backbone.name);
    try {
      found.push(...(await measureBackbone(backbone, own, builder, measuring, clock.done)));
    } catch (error) {
      if (!(error instanceof NearfoldError) || !CANNOT.includes(error.code)) throw error;
      failed.push({ what: name, why: error.message });
      context.report({ type: "note", text: `${name} is left out: ${error.message}` });
      clock.skip();
    }
  }
  requireReference(found, reference, failed, inputs);
  const measured = found.map((one) => toMeasured(one, found[0], inputs, options));
  const tied = (better: PlanMeasured, other: PlanMeasured) =>
    isTied(better.score, other.score, evaluation.wanted);
  return { measured, reference: measured[0], failed, tied };
}

interface Found {
  readonly candidate: Candidate;
  readonly score: SchemeScore;
  readonly figures: Awaited<ReturnType<typeof measureBuilt>>;
  readonly folder: string;
}

/** Three steps: build, measure, score. */
async function measureBackbone(
  backbone: Backbone,
  candidates: readonly Candidate[],
  builder: PlanBuilder,
  measuring: MeasuringOptions,
  stepDone: () => void,
): Promise<readonly Found[]> {
  const built = await builder.build(backbone);
  stepDone();
  const figures = await measureBuilt(built, measuring);
  stepDone();
  const schemes = candidates.map(({ vectors }) => vectors);
  const scores = await scoreBuilt(built, figures, schemes, measuring);
  stepDone();
  const { folder } = built;
  return candidates.map((candidate) => ({
    ...{ candidate, figures, folder },
    score: scores[candidate.vectors],
  }));
}

/** Without the model that is given, and something that it finds, there is nothing to keep a share of. */
function requireReference(
  [first]: readonly Found[],
  reference: Candidate,
  failed: readonly LeftOut[],
  { reference: at, evaluation }: PlanInputs,
): void {
  if (first?.candidate !== reference) {
    throw new NearfoldError("unsupported", "the given model cannot be measured", {
      at,
      ...(failed[0] && { hint: failed[0].why }),
    });
  }
  if (first.score.ndcg.some((score) => score > 0)) return;
  throw new NearfoldError(
    "bad-input",
    "the given model finds nothing of which a share could be kept",
    {
      at: evaluation.folder,
      got: "nDCG@10 0",
      wanted: "more than 0",
    },
  );
}

function toMeasured(
  { candidate, score, figures, folder }: Found,
  reference: Found,
  { evaluation }: PlanInputs,
  { pricePerHour }: PlanOptions,
): PlanMeasured {
  const quality = compareQuality(score, reference.score, evaluation.wanted);
  const { queryP50Ms, queryP95Ms, runs, memoryMb, processMb, documentsProcessMb } = figures;
  const { documentsPerSecond } = figures;
  return {
    ...{ candidate, score, quality, folder },
    ...{ queryP50Ms, queryP95Ms, runs, memoryMb, processMb, documentsProcessMb },
    ...{ documentsPerSecond, searchMs: score.searchMs, kept: quality.kept.mean },
    bytesPerVector: candidate.bytes,
    costPerMillion: (pricePerHour / 3600) * (1e6 / documentsPerSecond),
  };
}
