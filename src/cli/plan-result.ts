/** What a plan says: the front, the choice, why the others lost, and what to type. */
import { join } from "node:path";
import { NearfoldError } from "../errors.ts";
import {
  describeBackbone,
  describeCandidate,
  describeMiss,
  describeRequirements,
  type LeftOut,
  type Limit,
  limits,
  type Miss,
  missesOf,
  nearest,
  type Pruned,
  type Requirements,
  RULE,
} from "../plan/index.ts";
import type { Outcome } from "./command.ts";
import type { PlanInputs } from "./plan-inputs.ts";
import type { PlanMeasured } from "./plan-measure.ts";
import type { PlanOptions } from "./plan-options.ts";
import { table } from "./table.ts";
import { typedLine } from "./typed.ts";

export interface PlanResult {
  readonly inputs: PlanInputs;
  readonly requirements: Requirements;
  /** How many there are in all. */
  readonly candidates: number;
  readonly when: Date;
  readonly pruned: readonly Pruned[];
  readonly leftOut: readonly LeftOut[];
  readonly measured: readonly PlanMeasured[];
  /** Absent where nothing was left to measure. */
  readonly reference?: PlanMeasured;
  readonly front: readonly PlanMeasured[];
  readonly lost: readonly { readonly of: PlanMeasured; readonly why: string }[];
  readonly chosen: PlanMeasured | undefined;
  /** What builds the choice. */
  readonly commands?: readonly string[];
}

/** Rows of the front on a terminal; all are in the report. */
const SHOWN = 16;

export function planOutcome(result: PlanResult, options: PlanOptions): Outcome {
  const { chosen } = result;
  const near = chosen ? [] : nearestOf(result);
  const unmet = chosen ? undefined : unmetError(result, near);
  const text = [
    ...heading(result, options),
    ...frontText(result),
    ...(chosen ? chosenText(chosen, result, options) : nearText(near, result)),
    ...lostText(result),
    ...result.leftOut.map(({ what, why }) => `Not tried: ${what} (${why})`),
    `The report: ${join(options.out, "report.html")}`,
  ];
  const json = { ...planJson(result, options), ...(unmet && { nearest: near.map(nearJson) }) };
  return { json, text: text.join("\n"), ...(unmet && { unmet }) };
}

/** Everything, for programs. */
export function planJson(result: PlanResult, options: PlanOptions): object {
  const { inputs, requirements, candidates, reference, chosen, front, lost, pruned } = result;
  const { set } = inputs.evaluation;
  const why = new Map(lost.map(({ of, why }) => [of, why]));
  return {
    model: inputs.reference,
    requirements,
    rule: RULE,
    queries: set.queries.size,
    documents: set.documents.size,
    machine: inputs.machine,
    pricePerHour: options.pricePerHour,
    candidates,
    reference: reference && figuresJson(reference),
    measured: result.measured.map((one) => ({
      ...figuresJson(one),
      front: front.includes(one),
      misses: missesOf(one, requirements),
      lost: why.get(one) ?? null,
    })),
    pruned: pruned.map(({ candidate, bounds, why }) => ({
      ...idJson(candidate),
      bounds,
      why,
    })),
    leftOut: result.leftOut,
    chosen: chosen
      ? {
          ...figuresJson(chosen),
          folder: join(options.out, "model"),
          commands: commandsOf(result, options),
        }
      : null,
  };
}

function idJson({ id, backbone, vectors }: PlanMeasured["candidate"]) {
  const { body, weights } = backbone;
  return { id, body: body.name, weights: weights.name, vectors };
}

function figuresJson(one: PlanMeasured) {
  const { candidate, quality, queryP50Ms, queryP95Ms, runs, memoryMb, processMb } = one;
  const { documentsProcessMb, documentsPerSecond, bytesPerVector, searchMs, costPerMillion } = one;
  return {
    ...idJson(candidate),
    kept: quality.kept,
    measures: quality.measures,
    ...{ queryP50Ms, queryP95Ms, runs, memoryMb, processMb, documentsProcessMb },
    ...{ documentsPerSecond, costPerMillion, bytesPerVector, searchMs },
  };
}

function heading(
  { inputs, candidates, pruned, measured, front, requirements, reference }: PlanResult,
  { pricePerHour }: PlanOptions,
): readonly string[] {
  const { set } = inputs.evaluation;
  const { cores, cpu } = inputs.machine;
  const scores = Object.entries(reference?.quality.measures ?? {}).map(
    ([name, { ours }]) => `${name} ${ours.mean.toFixed(4)}`,
  );
  const stated = describeRequirements(requirements);
  return [
    `${inputs.reference} on ${set.queries.size} queries over ${set.documents.size} documents, ${cores.allowed} cores of ${cpu}`,
    ...(stated === "" ? [] : [`Required: ${stated}`]),
    `${candidates} candidates: ${pruned.length} ruled out by arithmetic, ${measured.length} measured, ${front.length} that no other beats`,
    ...(scores.length === 0
      ? []
      : [
          `kept is of ${scores.join(" and ")}, which the given model has with float32 vectors (95 % intervals of the paired bootstrap); a machine costs ${pricePerHour} an hour`,
        ]),
  ];
}

function frontText({ front, measured, chosen, requirements }: PlanResult): readonly string[] {
  if (measured.length === 0) return [];
  const meets = (one: PlanMeasured) => missesOf(one, requirements).length === 0;
  const rank = (one: PlanMeasured) => (one === chosen ? 0 : meets(one) ? 1 : 2);
  const ordered = front.toSorted((a, b) => rank(a) - rank(b) || b.kept - a.kept);
  const mark = (one: PlanMeasured) => (one === chosen ? "* " : meets(one) ? "+ " : "  ");
  const rows = ordered.slice(0, SHOWN).map((one) => {
    const { low, high } = one.quality.kept;
    return [
      mark(one) + describeBackbone(one.candidate.backbone),
      one.candidate.vectors,
      `${one.bytesPerVector}`,
      `${one.kept.toFixed(3)} [${low.toFixed(3)}, ${high.toFixed(3)}]`,
      one.queryP95Ms.toFixed(2),
      one.memoryMb.toFixed(0),
      one.documentsPerSecond.toPrecision(3),
      one.costPerMillion.toFixed(2),
    ];
  });
  const more = front.length - rows.length;
  const head = ["  model", "vectors", "bytes", "kept", "p95 ms", "MB", "docs/s", "per million"];
  return [
    "The front (* chosen, + meets all that is required):",
    table(head, rows),
    ...(more > 0 ? [`and ${more} more, in the report`] : []),
  ];
}

function chosenText(
  chosen: PlanMeasured,
  result: PlanResult,
  options: PlanOptions,
): readonly string[] {
  const { processMb, queryP50Ms, searchMs, runs } = chosen;
  return [
    `Chosen: ${describeCandidate(chosen.candidate)}: ${RULE}`,
    `Its queries take ${queryP50Ms.toFixed(2)} ms in the median of ${runs}; the process that answers them holds ${processMb.toFixed(0)} MB, ${chosen.memoryMb.toFixed(0)} of them the model's; a search over the collection takes ${searchMs.toFixed(1)} ms`,
    `The model is in ${join(options.out, "model")}. To build it again, and an index with it:`,
    ...commandsOf(result, options).map((line) => `  ${line}`),
  ];
}

export function commandsOf({ commands = [], chosen }: PlanResult, { out }: PlanOptions) {
  if (!chosen) return [];
  const index = ["documents.jsonl", "--model", join(out, "model"), "--store", "index/"];
  const vectors = ["--vectors", chosen.candidate.vectors];
  return [...commands, typedLine("index", [...index, ...vectors])];
}

/** How many lost by what: a line for each reason; each candidate's own is in the report. */
function lostText({
  measured,
  pruned,
  requirements,
  front,
  chosen,
}: PlanResult): readonly string[] {
  const misses = new Map<Limit, number>();
  const count = ({ limit }: Miss) => misses.set(limit, (misses.get(limit) ?? 0) + 1);
  for (const one of measured) missesOf(one, requirements).forEach(count);
  for (const { bounds } of pruned) missesOf(bounds, requirements).forEach(count);
  const meeting = measured.filter((one) => missesOf(one, requirements).length === 0);
  const beaten = meeting.filter((one) => !front.includes(one)).length;
  const others = meeting.filter((one) => front.includes(one) && one !== chosen).length;
  return [
    ...[...misses].map(
      ([limit, lost]) => `${lost} miss ${limits[limit].flag} ${requirements[limit]}`,
    ),
    ...(beaten > 0
      ? [`${beaten} meet all that is required, and another beats them in everything`]
      : []),
    ...(others > 0 ? [`${others} meet all that is required, and lost by the rule`] : []),
  ];
}

interface NearOne {
  readonly isMeasured: boolean;
  readonly figures: PlanMeasured | Pruned["bounds"];
  readonly name: string;
}

function nearestOf({ measured, pruned, requirements }: PlanResult) {
  const all: readonly NearOne[] = [
    ...measured.map((one) => ({
      isMeasured: true,
      figures: one,
      name: describeCandidate(one.candidate),
    })),
    ...pruned.map(({ candidate, bounds }) => ({
      isMeasured: false,
      figures: bounds,
      name: `${describeCandidate(candidate)} (not measured)`,
    })),
  ];
  return nearest(all, requirements);
}

type NearResult = ReturnType<typeof nearestOf>[number];

function nearText(near: readonly NearResult[], { requirements }: PlanResult): readonly string[] {
  return [
    `Nothing meets ${describeRequirements(requirements)}. The nearest:`,
    ...near.map(
      ({ of, misses }, i) => `  ${i + 1}. ${of.name}: ${misses.map(describeMiss).join("; ")}`,
    ),
  ];
}

function nearJson({ of, misses }: NearResult) {
  return { candidate: of.name, measured: of.isMeasured, misses };
}

function unmetError({ requirements }: PlanResult, [first]: readonly NearResult[]): NearfoldError {
  return new NearfoldError("unmet", "no candidate meets all that is required", {
    at: "plan",
    got: `at the nearest ${first.of.name}: ${first.misses.map(describeMiss).join("; ")}`,
    wanted: describeRequirements(requirements),
  });
}
