import { Option } from "commander";
import { cancelMigration, dropOld, rollBack, settle } from "../apps/migrate/index.ts";
import { NearfoldError } from "../errors.ts";
import { type CommandSpec, numberWithin, type Outcome, wholeNumber } from "./command.ts";
import { migrateIndex } from "./migration.ts";
import type { MigrationOptions } from "./migration-run.ts";
import { modelOptions } from "./model-reference.ts";
import { isFolder } from "./store-reference.ts";
import { vectorOptions } from "./vector-format.ts";

interface Options extends Omit<MigrationOptions, "to"> {
  readonly to?: string;
  readonly rollBack?: boolean;
  readonly dropOld?: boolean;
  readonly cancel?: boolean;
}

/** Another model for an index that serves meanwhile. */
export const migrate: CommandSpec<Options> = {
  name: "migrate",
  summary: "Change the model of an index, which serves meanwhile; typed again, it goes on",
  arguments: [["<index>", "folder of an index, or of an alias to one"]],
  options: [
    new Option("--to <model>", "the new model: its folder, or its id on the Hub"),
    new Option("--dry-run", "only say what it would take"),
    new Option("--cut-over", "lead the index to the new vectors once they are whole"),
    new Option("--roll-back", "lead it back to the vectors before"),
    new Option("--drop-old", "remove the vectors that are not asked any more"),
    new Option("--cancel", "give up a migration, and remove what it made"),
    new Option("--adapter", "fit an adapter first, by which the new model asks the old vectors"),
    new Option("--queries <file>", "a query log to compare on: JSONL of {text}, or a .txt"),
    new Option("--qrels <file>", "query-id ⇥ document-id ⇥ grade, for the queries"),
    new Option("--min-overlap <share>", "cut over only if so much of the first ten is the same")
      .argParser(numberWithin(0, 1))
      .default(0.2),
    new Option("--force", "cut over whatever the comparison says"),
    new Option("--from <model>", "the old model, where the index does not say where it is"),
    new Option("--store <index>", "where the new vectors go (default: into the folder)"),
    new Option("--dims <n>", "only the first n dimensions").argParser(wholeNumber(1)),
    ...vectorOptions,
    ...modelOptions,
  ],
  examples: [
    "nearfold migrate index/ --to new-model/ --dry-run",
    "nearfold migrate index/ --to new-model/ --adapter --queries log.jsonl",
    "nearfold migrate index/ --to new-model/ --cut-over",
    "nearfold migrate index/ --roll-back",
    "nearfold migrate index/ --drop-old",
  ],
  run: async ([folder], options, context) => {
    const { to, rollBack: back = false, dropOld: drop = false, cancel = false } = options;
    if (!isFolder(folder)) {
      throw new NearfoldError("unsupported", "only what has a folder can be led elsewhere", {
        at: folder,
        hint: "Give it a name first: nearfold alias NAME --to INDEX, then nearfold migrate NAME",
      });
    }
    const asked = [to !== undefined, back, drop, cancel].filter(Boolean).length;
    if (asked !== 1) {
      throw new NearfoldError("bad-argument", "one thing at a time", {
        got: asked === 0 ? "no option that says what" : `${asked} of them`,
        wanted: "--to MODEL, --roll-back, --drop-old or --cancel",
      });
    }
    await settle(folder);
    if (back) return await goBack(folder);
    if (drop) return await drops(folder);
    if (cancel) {
      const model = await cancelMigration(folder);
      return { text: `The migration to ${model} is given up`, json: { cancelled: model } };
    }
    return await migrateIndex(folder, { ...options, to: to! }, context);
  },
};

async function goBack(folder: string): Promise<Outcome> {
  const { target, previous } = await rollBack(folder);
  const text = [
    `${folder} leads to ${target} again. What was indexed since the cut-over is not there: index it again`,
    `Forward again: nearfold migrate ${folder} --roll-back`,
  ].join("\n");
  return { text, json: { index: folder, target, previous } };
}

async function drops(folder: string): Promise<Outcome> {
  const { dropped, elsewhere } = await dropOld(folder);
  const left = elsewhere === undefined ? [] : [`${elsewhere} lies elsewhere and is left there`];
  const gone = dropped.length > 0 ? [`${folder}: removed ${dropped.join(", ")}`] : [];
  return {
    text: [...gone, ...left].join("\n"),
    json: { index: folder, dropped, elsewhere: elsewhere ?? null },
  };
}
