/** What is said of a model beside its baseline, and whether it may take its place. */
import { NearfoldError } from "../errors.ts";
import {
  type Comparison,
  type Interval,
  judgeKept,
  type VectorAgreement,
} from "../evaluate/index.ts";
import type { Context, Outcome } from "./command.ts";
import { figure, formatP, oneLine, table } from "./table.ts";

/** The same of the model and of the baseline. */
export interface Two<T> {
  readonly ours: T;
  readonly baseline: T;
}

/** What is compared, whatever the data. */
export interface Compared {
  /** What the rows are: `{ queries: 300, documents: 5183 }`. */
  readonly sizes: Readonly<Record<string, number>>;
  /** How many rows were drawn from, and what they are called: "300 queries". */
  readonly drawn: string;
  /** Resamples of them. */
  readonly samples: number;
  /** The measure that decides, as it is named in `comparisons` and in words. */
  readonly headline: readonly [key: string, name: string];
  readonly comparisons: Readonly<Record<string, Comparison>>;
  /** How p is found. */
  readonly test: string;
  /** Numbers for programs, a sentence for people. */
  readonly agreement: { readonly json: object; readonly text: string };
  /** How alike the vectors of the same texts are; absent where the widths differ. */
  readonly vectors: VectorAgreement | undefined;
  readonly geometry: Two<Geometry>;
  /** One line of `--differences` for each row. */
  readonly rows: readonly object[];
  /** Rows that lost most. */
  readonly worst: readonly LostRow[];
}

/** Of vectors made unit vectors (arXiv:2005.10242). */
export interface Geometry {
  readonly alignment: number;
  readonly uniformity: number;
}

/** A row that lost: in numbers, and what is shown of it. */
export interface LostRow {
  readonly json: object;
  readonly text: string;
  readonly delta: number;
  readonly shown: Two<string>;
}

/** A model as it is compared. */
export interface Named {
  /** As it was typed. */
  readonly reference: string;
  readonly dims: number;
}

const CONFIDENCE = 0.95;

/** @throws bad-input where a share of the baseline is required, and it has none */
export function againstOutcome(
  compared: Compared,
  models: Two<Named>,
  { failBelow, columns }: { readonly failBelow?: number | undefined } & Pick<Context, "columns">,
): Outcome {
  const { sizes, comparisons, agreement, vectors, geometry, worst, headline } = compared;
  const gate = failBelow === undefined ? undefined : judge(compared, models, failBelow);
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
    `p: ${compared.test}`,
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

function heading({ sizes }: Compared, { ours, baseline }: Two<Named>): readonly string[] {
  const counts = Object.entries(sizes).map(([name, count]) => `${count} ${name}`);
  return [
    `${ours.reference}, ${ours.dims} dimensions, against ${baseline.reference}, ${baseline.dims} dimensions`,
    `${counts.join(", ")}; 95 % intervals, each row drawn for both`,
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
    `${String(i + 1).padStart(2)}  ${delta.toFixed(4)}  ${text}`,
    `    model     ${shown.ours}`,
    `    baseline  ${shown.baseline}`,
  ]);
  return [`Lost most in ${measure}:`, ...lines.map((line) => indented(line, columns))];
}

/** On one line of the terminal, its indentation kept. */
function indented(line: string, columns: number): string {
  const indent = /^ */.exec(line)![0];
  const [head, tail] = [line.slice(0, 14), line.slice(14)];
  return `${indent}${head.trimStart()}${oneLine(tail, Math.max(20, columns - head.length))}`;
}

/** The release gate in words: what was tested, what was found and what was wanted. */
function judge(compared: Compared, { ours, baseline }: Two<Named>, required: number) {
  const { headline, comparisons, samples, drawn } = compared;
  const [key, name] = headline;
  const { kept, baseline: theirs, ours: found } = comparisons[key];
  if (!(theirs.mean > 0)) {
    throw new NearfoldError(
      "bad-input",
      "the baseline has nothing of which a share could be kept",
      {
        at: baseline.reference,
        got: `${name} ${theirs.mean.toFixed(4)}`,
        wanted: "more than 0",
      },
    );
  }
  const verdict = judgeKept(kept, required);
  const test = `one-sided ${100 * CONFIDENCE} % interval of the ratio, paired bootstrap of ${samples} resamples of ${drawn}`;
  const json = { measure: key, required, kept: kept.mean, atMost: kept.atMost, test, verdict };
  const share = kept.mean.toFixed(4);
  const scores = `${found.mean.toFixed(4)} of ${theirs.mean.toFixed(4)}`;
  const most = Number.isFinite(kept.atMost) ? `at most ${kept.atMost.toFixed(4)}` : "any share";
  const words = {
    met: `${name}: ${share} of the baseline's is kept (${scores}), at least ${required} is required: met`,
    "not-proven": `warning: ${name}: ${share} of the baseline's is kept (${scores}), at least ${required} is required: not proven. By the ${test}, ${most} is kept, so chance may be why; more rows would tell`,
    fell: undefined,
  }[verdict];
  if (verdict !== "fell") return { json, text: words };
  const unmet = new NearfoldError("unmet", `${name} fell by more than chance`, {
    at: ours.reference,
    got: `${share} of the baseline's (${scores}), and ${most} with 95 % confidence`,
    wanted: `at least ${required}`,
    hint: `Tested by the ${test}`,
  });
  return { json, text: undefined, unmet };
}
