import { basename, resolve } from "node:path";
import { Option } from "commander";
import { NearfoldError, throwIfAborted } from "../errors.ts";
import { greedySoup, requireMergeable, type Score, slerp, soup } from "../merging/index.ts";
import { loadModel } from "../models/load.ts";
import type { Model } from "../models/model.ts";
import { requireSavable, saveModel } from "../models/save.ts";
import { anyNumber, type CommandSpec, type Context, positiveNumbers } from "./command.ts";
import { type DevSet, readDevPairs, readDevSts } from "./dev-set.ts";
import { mergeOutcome, type Trial, withResult } from "./merge-result.ts";
import { type ModelOptions, modelFolder, modelName, modelOptions } from "./model-reference.ts";
import { requireFree } from "./output.ts";
import { trackTask } from "./progress.ts";
import { type ReadingOptions, skipBadOption } from "./reading.ts";

interface Options extends ReadingOptions, ModelOptions, MethodOptions {
  readonly out: string;
  readonly dev?: string;
  readonly sts?: string;
  readonly method?: MethodName;
  readonly replace?: boolean;
}

interface MethodOptions {
  readonly weights?: readonly number[];
  readonly t?: number;
}

/** Models of one kind, in the order they were typed. */
interface Candidates {
  readonly models: readonly Model[];
  /** Of each alone. */
  readonly scores: readonly number[];
  readonly score: Score;
}

interface Mixture {
  readonly model: Model;
  readonly score: number;
  readonly trials: readonly Trial[];
}

type Method = (candidates: Candidates, options: MethodOptions) => Promise<Mixture>;

/** What `--method` may name. */
const methods = {
  "greedy-soup": async ({ models, scores, score }) => {
    const { model, score: reached, steps } = await greedySoup(models, { score, scores });
    const kept: number[] = [];
    const trials = steps.map((step) => {
      const trial = { models: [...kept, step.index], score: step.score, kept: step.kept };
      if (step.kept) kept.push(step.index);
      return trial;
    });
    return { model, score: reached, trials: trials.slice(1) };
  },
  soup: ({ models, score }, { weights }) =>
    tryAll(models, soup(models, weights ? { weights } : {}), score),
  slerp: ({ models, score }, { t }) =>
    tryAll(models, slerp(models[0], models[1], t === undefined ? {} : { t }), score),
} as const satisfies Record<string, Method>;

type MethodName = keyof typeof methods;

async function tryAll(models: readonly Model[], model: Model, score: Score): Promise<Mixture> {
  const reached = await score(model);
  return {
    model,
    score: reached,
    trials: [{ models: [...models.keys()], score: reached, kept: true }],
  };
}

/** Several checkpoints in, one model out: their mixture where it is as good as the best of them, or else the best. */
export const merge: CommandSpec<Options> = {
  name: "merge",
  summary:
    "Mix the weights of models that come from one base; where the dev score falls, keep the best",
  arguments: [
    ["<models...>", "models that differ in their weights alone: their folders, or ids on the Hub"],
  ],
  options: [
    new Option("--out <folder>", "folder of the model").makeOptionMandatory(),
    new Option(
      "--dev <file>",
      "pairs to judge by: nDCG@10 of anchors that look for positives",
    ).conflicts("sts"),
    new Option("--sts <file>", "or sentence pairs with scores: Spearman's correlation"),
    new Option(
      "--method <name>",
      "greedy-soup: the mean of those that help; soup: the mean of all; slerp: on the arc between two (default: greedy-soup)",
    ).choices(Object.keys(methods)),
    new Option("--weights <list>", "of a soup, one a model, as 0.3,0.7 (default: equal)")
      .argParser(positiveNumbers)
      .conflicts("t"),
    new Option("--t <x>", "of slerp: 0 is the first model, 1 the second (default: 0.5)").argParser(
      anyNumber,
    ),
    new Option("--replace", "replace what is at --out"),
    skipBadOption,
    ...modelOptions,
  ],
  examples: [
    "nearfold merge seed-1/ seed-2/ seed-3/ --dev dev.jsonl --out merged/",
    "nearfold merge base/ tuned/ --weights 0.3,0.7 --dev dev.jsonl --out merged/",
    "nearfold merge base/ tuned/ --method slerp --t 0.6 --sts sts-dev.jsonl --out merged/",
  ],
  run: async (references, options, context) => {
    const method = methodOf(references, options);
    await requireFree(options.out, options);
    const dev = await readDev(options, context);
    const { models, names } = await loadAll(references, options, context);
    // One more model for each soup that is tried: all but the first to go in, or one of all.
    const trials = method === "greedy-soup" ? models.length - 1 : 1;
    const score = scoring(dev, models.length + trials, context);
    const scores: number[] = [];
    for (const model of models) scores.push(await score(model));
    const best = scores.indexOf(Math.max(...scores));
    const mixture = await methods[method]({ models, scores, score }, options);
    const accepted = mixture.score >= scores[best] && mixture.trials.some(({ kept }) => kept);
    const merged = accepted
      ? withResult(mixture.model, names, { [dev.measure]: mixture.score })
      : models[best];
    const name = basename(resolve(options.out));
    await saveModel(options.out, { ...merged, name }, { replace: options.replace ?? false });
    return mergeOutcome({
      ...{ out: options.out, method, measure: dev.measure, references, scores, best, accepted },
      trials: mixture.trials.map((trial) => ({ ...trial, kept: trial.kept && accepted })),
    });
  },
};

/** @throws bad-argument for options that don't go together */
function methodOf(references: readonly string[], { method, weights, t }: Options): MethodName {
  const refuse = (at: string, what: string, got: string, wanted: string) => {
    throw new NearfoldError("bad-argument", what, { at, got, wanted });
  };
  const distinct = new Set(references.map((reference) => resolve(reference))).size;
  if (distinct < 2 || distinct < references.length) {
    const got = references.join(" ");
    refuse("merge", "there is nothing to mix", got, "two different models or more");
  }
  const chosen = method ?? (weights ? "soup" : t === undefined ? "greedy-soup" : "slerp");
  if (weights && chosen !== "soup") refuse("--weights", "they are of a soup", chosen, "soup");
  if (t !== undefined && chosen !== "slerp") refuse("--t", "it is of slerp", chosen, "slerp");
  if (weights && weights.length !== references.length) {
    refuse("--weights", "not one for each model", `${weights.length}`, `${references.length}`);
  }
  if (t !== undefined && !(t >= 0 && t <= 1)) {
    refuse("--t", "not a place between two models", `${t}`, "0 to 1");
  }
  if (chosen === "slerp" && references.length !== 2) {
    refuse("--method", "slerp is between two models", `${references.length}`, "2");
  }
  return chosen;
}

async function readDev(options: Options, context: Context): Promise<DevSet> {
  if (options.dev !== undefined) return await readDevPairs(options.dev, options, context);
  if (options.sts !== undefined) return await readDevSts(options.sts, options, context);
  throw new NearfoldError("bad-argument", "there is nothing to judge by", {
    wanted: "--dev FILE or --sts FILE",
  });
}

/**
 * The models under the names that were typed, and what a card calls each.
 * @throws mismatch, and as `requireSavable`, before an hour is spent on scores; as `loadModel`
 */
async function loadAll(references: readonly string[], options: Options, context: Context) {
  const models: Model[] = [];
  const names = new Map<string, string>();
  for (const reference of references) {
    const folder = await modelFolder(reference, options, context);
    models.push({ ...(await loadModel(folder)), name: reference });
    names.set(reference, await modelName(folder));
    requireSavable(models.at(-1)!);
    requireMergeable([models[0], models.at(-1)!]);
  }
  return { models, names };
}

function scoring(dev: DevSet, total: number, { report, signal, now }: Context): Score {
  const advance = trackTask(report, { task: "scoring", unit: "models", total }, now);
  let done = 0;
  return async (model) => {
    throwIfAborted(signal, "merging");
    const score = await dev.score(model);
    advance(++done, `${dev.measure} ${score.toFixed(4)}`);
    return score;
  };
}
