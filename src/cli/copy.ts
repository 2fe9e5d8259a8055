import { Option } from "commander";
import { copyStore } from "../stores/copy-store.ts";
import { withoutSecrets } from "../stores/server-reference.ts";
import type { CommandSpec } from "./command.ts";
import { trackTask } from "./progress.ts";
import { openIndex, storeArgument } from "./store-reference.ts";

interface Options {
  readonly to: string;
}

/** A snapshot of an index, or its way into another engine: no text is encoded. */
export const copy: CommandSpec<Options> = {
  name: "copy",
  summary: "Copy an index as it is now: a snapshot, or into another store",
  arguments: [["<index>", storeArgument]],
  options: [new Option("--to <index>", "a new index, of any kind").makeOptionMandatory()],
  examples: [
    "nearfold copy index/ --to snapshots/monday/",
    "nearfold copy index/ --to postgres://shop@localhost/shop?index=products",
  ],
  run: async ([reference], { to }, { report, signal, now }) => {
    await using source = await openIndex(reference);
    const total = await source.count();
    const task = { task: "copying", unit: "rows", total } as const;
    const advance = trackTask(report, task, now);
    const rows = await copyStore(source, to, { signal, onProgress: advance });
    const [from, copied] = [source.name, withoutSecrets(to)];
    return {
      json: { from, to: copied, rows },
      text: `${rows} rows of ${from} are in ${copied} as well`,
    };
  },
};
