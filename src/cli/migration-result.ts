/** What `migrate` says. */
import type { CompareReport } from "../apps/compare/index.ts";
import type { Adapter, Estimate, Reembedded } from "../apps/migrate/index.ts";
import { NearfoldError } from "../errors.ts";
import type { Outcome } from "./command.ts";
import { describeComparison, type TwoNames } from "./index-comparison.ts";
import { formatSeconds } from "./progress.ts";

export interface Migrated {
  readonly compared: CompareReport;
  readonly made: Reembedded;
  readonly adapter: Adapter | undefined;
  /** Why it should not be cut over. */
  readonly against: readonly string[];
  readonly target: string;
  readonly switched: boolean;
  readonly wantsSwitch: boolean;
  readonly to: string;
  /** Whether queries were made of the documents. */
  readonly ownQueries: boolean;
  readonly names: TwoNames;
  readonly texts: number;
}

export function describeEstimate(
  { texts, tokens, seconds, bytes, sampled }: Estimate,
  model: string,
  done: number,
): string {
  const there = done > 0 ? `, ${done} are there already` : "";
  return `${model} has ${texts} documents to embed${there}: about ${tokens} tokens, ${formatSeconds(seconds)} at the rate of ${sampled} of them on this machine; vectors of ${formatBytes(bytes)}`;
}

export function migrationOutcome(folder: string, found: Migrated): Outcome {
  const { compared, made, adapter, against, target, names, texts, switched, ownQueries } = found;
  const { encoded, removed } = made;
  const lines = [
    `${target} holds ${texts} documents, ${encoded} of them embedded now${removed > 0 ? `; ${removed} were taken out` : ""}`,
    ...(ownQueries
      ? [
          "Compared on sentences of the documents themselves, which find their own document easily: --queries LOG says more",
        ]
      : []),
    describeComparison(compared, names),
    ...(adapter ? [describeAdapter(adapter, names.b)] : []),
    ...(against.length > 0 ? [`Against it: ${against.join("; ")}`] : []),
    next(folder, found),
  ];
  return {
    text: lines.join("\n"),
    json: {
      ...{ index: folder, target, documents: texts, ...made, compared, against, switched },
      ...{ queriesOfDocuments: ownQueries },
      ...(adapter && { adapter: { how: adapter.map.how, ...adapter.measured } }),
    },
    ...(found.wantsSwitch && !switched && { unmet: refusal(folder, against) }),
  };
}

function next(folder: string, { switched, to }: Migrated): string {
  if (!switched)
    return `${folder} still asks the old vectors. Next: nearfold migrate ${folder} --to ${to} --cut-over`;
  return `${folder} asks the new vectors now. Back: nearfold migrate ${folder} --roll-back; when all is well: nearfold migrate ${folder} --drop-old`;
}

function describeAdapter({ map, measured }: Adapter, model: string): string {
  const { recall, agreement, own, queries, documents } = measured;
  const share = (value: number) => `${(100 * value).toFixed(1)} %`;
  return `Adapter (${map.how}): asking the old vectors, ${model} finds ${share(recall)} of the ten that it finds in the new ones (the old model finds ${share(own)} of them), and ${share(agreement)} of what the old model finds; ${queries} held-out queries among ${documents} documents`;
}

function refusal(folder: string, against: readonly string[]): NearfoldError {
  return new NearfoldError("unmet", "the index is not cut over", {
    at: folder,
    got: against.join("; "),
    hint: "Look at what differs; --force does it nevertheless, --min-overlap asks for less",
  });
}

function formatBytes(bytes: number): string {
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  let [value, unit] = [bytes, 0];
  for (; value >= 1000 && unit < units.length - 1; unit++) value /= 1000;
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}
