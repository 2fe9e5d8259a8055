/** The page of a plan: the picture, the choice, and of every other candidate why it is not. */
import { join } from "node:path";
import { writeDurably } from "../../durable.ts";
import {
  describeBackbone,
  describeCandidate,
  describeRequirements,
  missesOf,
  RULE,
} from "../../plan/index.ts";
import type { PlanMeasured } from "../plan-measure.ts";
import type { PlanOptions } from "../plan-options.ts";
import { commandsOf, type PlanResult } from "../plan-result.ts";
import { formatCount, formatWhen } from "./format.ts";
import { type Content, type Html, html } from "./html.ts";
import { pageOf } from "./page.ts";
import { planPicture } from "./plan-picture.ts";
import { planStyle } from "./plan-style.ts";
import { figure, table } from "./table.ts";

/** Writes `report.html`, and the picture alone as `plan.svg`, each whole or not at all. @throws io */
export async function writePlanReport(result: PlanResult, options: PlanOptions): Promise<void> {
  await writeDurably(join(options.out, "report.html"), renderPlan(result, options));
  if (result.measured.length === 0) return;
  const picture = planPicture(result, { standalone: true });
  await writeDurably(join(options.out, "plan.svg"), `${picture}\n`);
}

/** No script, nothing fetched. Same result, same page. */
export function renderPlan(result: PlanResult, options: PlanOptions): string {
  const { inputs, when, chosen, measured, pruned, leftOut } = result;
  const body = html`<header>
<p class="eyebrow">Serving plan</p>
<h1>${chosen ? describeCandidate(chosen.candidate) : "Nothing meets what is required"}</h1>
<p class="description">${lead(result)}</p>
<p class="meta"><time datetime="${when.toISOString()}">${formatWhen(when)}</time><span>${inputs.reference}</span><span>${inputs.machine.cores.allowed} cores of ${inputs.machine.cpu}</span></p>
${chosen && choiceFigures(chosen)}
</header>
${
  measured.length > 0 &&
  section(
    "The front",
    "Each dot is a candidate; point at one for its figures. Full dots with a line, the 95 % interval of what is kept, are beaten by no other; the ring is the choice, and the tinted field is what is required.",
    figure("", planPicture(result)),
  )
}
${chosen && section("To build it again", undefined, html`<div class="scroll"><pre>${commandsOf(result, options).join("\n")}</pre></div>`)}
${measured.length > 0 && section("All that was measured", `The rule: ${RULE}.`, measuredTable(result))}
${pruned.length > 0 && section("Ruled out before anything was built", "By bounds that nothing can beat: bytes of a vector are exact; memory is at least the weights of the linear layers, and time at least their products at one and a half times the speed measured here.", prunedTable(result))}
${
  leftOut.length > 0 &&
  section(
    "Not tried",
    undefined,
    table(
      "Values of the axes",
      [{ name: "What" }, { name: "Why" }],
      leftOut.map(({ what, why }) => [what, why]),
    ),
  )
}`;
  return pageOf({
    title: `Serving plan of ${inputs.reference}`,
    style: planStyle.page,
    body,
    notes,
  });
}

const notes =
  "Quality kept is a share of the given model's with float32 vectors, on the same queries; intervals are of the paired bootstrap. A query is embedded alone, tokenization included. Memory is what the model adds to the process that answers queries, at its peak. A search is of one query over the collection of the evaluation, in one thread. Made by Nearfold.";

function lead({ requirements, candidates, measured, front, inputs }: PlanResult): string {
  const stated = describeRequirements(requirements);
  const { set } = inputs.evaluation;
  return `${stated === "" ? "Nothing was required." : `Required: ${stated}.`} Of ${formatCount(candidates)} candidates ${formatCount(measured.length)} were measured on ${formatCount(set.queries.size)} queries over ${formatCount(set.documents.size)} documents; ${formatCount(front.length)} are beaten by no other.`;
}

function choiceFigures(chosen: PlanMeasured): Html {
  const { low, high } = chosen.quality.kept;
  const figures: readonly [string, string, string][] = [
    ["Quality kept", chosen.kept.toFixed(3), `95 %: ${low.toFixed(3)} to ${high.toFixed(3)}`],
    [
      "Query, p95",
      `${chosen.queryP95Ms.toFixed(2)} ms`,
      `median ${chosen.queryP50Ms.toFixed(2)} ms`,
    ],
    [
      "Memory",
      `${chosen.memoryMb.toFixed(0)} MB`,
      `the process: ${chosen.processMb.toFixed(0)} MB`,
    ],
    ["Vector", `${formatCount(chosen.bytesPerVector)} bytes`, chosen.candidate.vectors],
    [
      "Documents",
      `${chosen.documentsPerSecond.toPrecision(3)}/s`,
      `a million cost ${chosen.costPerMillion.toFixed(2)}`,
    ],
  ];
  return html`<dl class="figures">${figures.map(
    ([name, value, note]) =>
      html`<div><dt>${name}</dt><dd class="value">${value}</dd><dd class="note">${note}</dd></div>`,
  )}</dl>`;
}

/** The choice, those that meet everything, the rest of the front, the rest. */
function measuredTable({ measured, front, chosen, lost, requirements }: PlanResult): Html {
  const why = new Map(lost.map(({ of, why }) => [of, why]));
  const rank = (one: PlanMeasured) =>
    (one === chosen ? 0 : missesOf(one, requirements).length === 0 ? 1 : 3) +
    (front.includes(one) ? 0 : 1);
  const rows = measured.toSorted((a, b) => rank(a) - rank(b) || b.kept - a.kept);
  const number = (name: string) => ({ name, kind: "number" as const });
  return table(
    "Measured",
    [
      { name: "Model" },
      { name: "Vectors" },
      ...["Bytes", "Kept", "p50 ms", "p95 ms", "MB", "Docs/s", "Per million", "Search ms"].map(
        number,
      ),
    ],
    rows.map((one): readonly Content[] => [
      html`<span class="plan-model">${describeBackbone(one.candidate.backbone)}<small>${one === chosen ? "chosen" : (why.get(one) ?? "")}</small></span>`,
      one.candidate.vectors,
      formatCount(one.bytesPerVector),
      `${one.kept.toFixed(3)} (${one.quality.kept.low.toFixed(3)}–${one.quality.kept.high.toFixed(3)})`,
      one.queryP50Ms.toFixed(2),
      one.queryP95Ms.toFixed(2),
      one.memoryMb.toFixed(0),
      one.documentsPerSecond.toPrecision(3),
      one.costPerMillion.toFixed(2),
      one.searchMs.toFixed(2),
    ]),
  );
}

function prunedTable({ pruned }: PlanResult): Html {
  const rows = pruned.map(({ candidate, why }) => [
    describeBackbone(candidate.backbone),
    candidate.vectors,
    why,
  ]);
  return html`<details><summary>${formatCount(pruned.length)} candidates</summary>${table(
    "Ruled out",
    [{ name: "Model" }, { name: "Vectors" }, { name: "Why" }],
    rows,
  )}</details>`;
}

function section(title: string, text: string | undefined, body: Html): Html {
  return html`
<section>
<h2>${title}</h2>
${text !== undefined && html`<p class="lead">${text}</p>`}
${body}
</section>`;
}
