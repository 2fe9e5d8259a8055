/** What is said of a model beside its baseline. */
import type { Interval, VectorAgreement } from "../evaluate/index.ts";
import type { Context, Outcome } from "./command.ts";
import type { Compared, Geometry, LostRow, Named, Two } from "./compared.ts";
import { releaseGate } from "./release-gate.ts";
import { figure, formatP, oneLine, table } from "./table.ts";

/** The report, and whether the model may take the baseline's place. @throws as `releaseGate` */
export function againstOutcome(
  compared: Compared,
  models: Two<Named>,
  { failBelow, columns }: { readonly failBelow?: number | undefined } & Pick<Context, "columns">,
): Outcome {
  const { sizes, comparisons, agreement, vectors, geometry, worst, headline } = compared;
  const gate = failBelow === undefined ? undefined : releaseGate(compared, models, failBelow);
  const metrics = (of: keyof Two<Interval>) =>
    Object.fromEntries(Object.entries(comparisons).map(([name, found]) => [name, found[of]]));
  const differences = Object.entries(comparisons).map(
    ([name, { difference, p, kept }]) => [name, { difference, p, kept }] as const,
  );
  const json = {
    ...sizes,
    dims: models.ours.dims,
    metrics: metrics("ours"),
    baseline: { ...named(models.baseline), metrics: metrics("baseline"), ...geometry.baseline },
    comparison: Object.fromEntries(differences),
    agreement: { ...agreement.json, ...(vectors && { cosine: vectors }) },
    ...geometry.ours,
    worst: worst.map(({ json }) => json),
    ...(gate && { gate: gate.json }),
  };
  const text = [
    ...heading(compared, models),
    ...tables(compared),
    agreement.text + (vectors ? cosineText(vectors) : ""),
    geometryTable(geometry),
    ...worstText(worst, headline[1], columns),
    ...(gate?.text === undefined ? [] : [gate.text]),
  ].join("\n");
  return { json, text, ...(gate?.unmet && { unmet: gate.unmet }) };
}

function named({ reference, dims }: Named) {
  return { name: reference, dims };
}

function heading({ sizes, test }: Compared, { ours, baseline }: Two<Named>): readonly string[] {
  const counts = Object.entries(sizes).map(([name, count]) => `${count} ${name}`);
  return [
    `${ours.reference}, ${ours.dims} dimensions, against ${baseline.reference}, ${baseline.dims} dimensions`,
    `${counts.join(", ")}; 95 % intervals by the paired bootstrap, p by the ${test}`,
  ];
}

/** What each measures, then what is between them: neither is wider than a terminal. */
function tables({ comparisons }: Compared): readonly string[] {
  const rows = Object.entries(comparisons);
  return [
    table(
      ["measure", "model", "baseline"],
      rows.map(([name, { ours, baseline }]) => [name, figure(ours), figure(baseline)]),
    ),
    table(
      ["measure", "difference", "p", "share kept"],
      rows.map(([name, { difference, p, kept }]) => [
        name,
        figure(difference),
        formatP(p),
        Number.isFinite(kept.mean) ? figure(kept) : "–",
      ]),
    ),
  ];
}

function cosineText({ mean, min }: VectorAgreement): string {
  return `; cosine of their vectors ${mean.toFixed(4)}, at worst ${min.toFixed(4)}`;
}

function geometryTable({ ours, baseline }: Two<Geometry>): string {
  const shown = (value: number) => (Number.isFinite(value) ? value.toFixed(4) : "–");
  const row = (name: keyof Geometry, says: string) => [
    name,
    shown(ours[name]),
    shown(baseline[name]),
    says,
  ];
  return table(
    ["geometry", "model", "baseline", "lower is better"],
    [
      row("alignment", "squared distance of matches"),
      row("uniformity", "log of the mean e^(-2 d²) between texts"),
    ],
  );
}

function worstText(worst: readonly LostRow[], measure: string, columns: number): readonly string[] {
  if (worst.length === 0) return [`No row lost in ${measure}`];
  const lines = worst.flatMap(({ text, delta, shown }, i) => [
    [`${String(i + 1).padStart(2)}  ${delta.toFixed(4)}  `, text],
    ["    model     ", shown.ours],
    ["    baseline  ", shown.baseline],
  ]);
  const fitted = lines.map(
    ([head, text]) => head + oneLine(text, Math.max(20, columns - head.length)),
  );
  return [`Lost most in ${measure}:`, ...fitted];
}
