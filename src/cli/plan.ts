import { cp, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { writeDurably, writeFolderDurably } from "../durable.ts";
import { saveModel } from "../models/index.ts";
import {
  choose,
  enumerateCandidates,
  givenModel,
  limits,
  productSpeed,
  prune,
  type Requirements,
  type Workload,
  workloadOf,
} from "../plan/index.ts";
import type { CommandSpec, Context } from "./command.ts";
import { modelArgument } from "./model-reference.ts";
import { openBuilder } from "./plan-build.ts";
import { type PlanInputs, readPlanInputs } from "./plan-inputs.ts";
import { measureCandidates, type PlanMeasured } from "./plan-measure.ts";
import { type PlanOptions, planOptions } from "./plan-options.ts";
import { openPlace, requirePlace } from "./plan-place.ts";
import { type PlanResult, planJson, planOutcome } from "./plan-result.ts";
import { writePlanReport } from "./report/plan-page.ts";

/** What serving must meet in, the model that meets it out, with the proof. */
export const plan: CommandSpec<PlanOptions> = {
  name: "plan",
  summary: "Find, build and prove the model that meets what serving must meet",
  arguments: [["<model>", modelArgument]],
  options: planOptions,
  examples: [
    "nearfold plan my-model/ --data corpus.jsonl --eval scifact/ --query-p95-ms 3 --ram-mb 100 --bytes-per-vector 128 --keep-quality 0.97 --out plan/",
    "nearfold plan my-model/ --data corpus.jsonl --eval scifact/ --sts sts.jsonl --students 3,static --max-minutes 10 --out plan/",
  ],
  run: async ([reference], options, context) => {
    await requirePlace(options.out);
    const inputs = await readPlanInputs(reference, options, context);
    await using place = await openPlace(options.out, options);
    const result = await makePlan(inputs, place.work, options, context);
    await writeResult(result, options);
    return planOutcome(result, options);
  },
};

async function makePlan(
  inputs: PlanInputs,
  work: string,
  options: PlanOptions,
  context: Context,
): Promise<PlanResult> {
  const { model, machine } = inputs;
  const { arch, instructionSets } = machine;
  const { candidates, reference, leftOut } = enumerateCandidates(
    givenModel(model),
    { arch, vnni: instructionSets?.vnni },
    options,
  );
  const requirements = requirementsOf(options);
  const names = [...new Set(candidates.map(({ backbone }) => backbone.weights.name))];
  const workload = await countWorkload(inputs, names, context);
  const { kept, pruned } = prune(candidates, requirements, workload);
  const total = new Set([...candidates, reference]).size;
  const text = `${total} candidates, ${pruned.length} of them ruled out by arithmetic`;
  context.report({ type: "note", text, data: { candidates: total, pruned: pruned.length } });
  const facts = { inputs, requirements, candidates: total, when: new Date() };
  if (kept.length === 0) {
    return { ...facts, pruned, leftOut, measured: [], lost: [], front: [], chosen: undefined };
  }
  const builder = await openBuilder(inputs, work, options, context);
  const found = await measureCandidates(
    kept,
    reference,
    { builder, work, inputs },
    options,
    context,
  );
  const { chosen, front, lost } = choose(found.measured, requirements, found);
  return {
    ...facts,
    pruned: pruned.filter(({ candidate }) => candidate !== reference),
    leftOut: [...leftOut, ...found.failed],
    ...{ measured: found.measured, reference: found.reference, front, lost, chosen },
    ...(chosen && { commands: builder.commands(chosen.candidate.backbone) }),
  };
}

async function countWorkload(
  { model, evaluation }: PlanInputs,
  weights: readonly string[],
  { now }: Context,
): Promise<Workload> {
  const { documents, queries } = evaluation.set;
  const some = [...documents.values()].filter((_, i) => i % Math.ceil(documents.size / 500) === 0);
  const counted = workloadOf(model, { queries: [...queries.values()], documents: some });
  const speeds = new Map<string, number>();
  for (const name of weights) speeds.set(name, await productSpeed(name, now));
  return { ...counted, speed: (name) => speeds.get(name) ?? Number.POSITIVE_INFINITY };
}

function requirementsOf(options: PlanOptions): Requirements {
  const stated = Object.keys(limits).flatMap((name) => {
    const value = options[name as keyof Requirements];
    return value === undefined ? [] : [[name, value]];
  });
  return Object.fromEntries(stated);
}

async function writeResult(result: PlanResult, options: PlanOptions): Promise<void> {
  const { out } = options;
  const { chosen } = result;
  const folder = join(out, "model");
  if (chosen) await putModel(folder, chosen, result);
  // That of an earlier choice meets nothing that is required now.
  else await rm(folder, { recursive: true, force: true });
  await writeDurably(
    join(out, "plan.json"),
    `${JSON.stringify(planJson(result, options), null, 2)}\n`,
  );
  await writePlanReport(result, options);
}

/** A copy of what was measured, in the place of an earlier choice. */
async function putModel(folder: string, { folder: from }: PlanMeasured, { inputs }: PlanResult) {
  await rm(folder, { recursive: true, force: true });
  if (!(await stat(from)).isDirectory()) return void (await saveModel(folder, inputs.model));
  // A cache of the Hub's is made of links.
  const copy = (temporary: string) => cp(from, temporary, { recursive: true, dereference: true });
  await writeFolderDurably(folder, copy);
}
