import { Option } from "commander";
import { rollBack } from "../apps/migrate/index.ts";
import { NearfoldError } from "../errors.ts";
import { type Alias, readAlias, switchAlias, toAlias } from "../stores/alias.ts";
import type { CommandSpec, Outcome } from "./command.ts";
import { isFolder, openIndex } from "./store-reference.ts";

interface Options {
  readonly to?: string;
  readonly back?: boolean;
}

/** A name for an index, which can be led to another at once. */
export const alias: CommandSpec<Options> = {
  name: "alias",
  summary: "Name an index, and lead the name to another one at once",
  arguments: [["<name>", "folder of the alias; other commands take it for the index"]],
  options: [
    new Option("--to <index>", "lead it to this index").conflicts("back"),
    new Option("--back", "lead it to where it led before"),
  ],
  examples: [
    "nearfold alias live/ --to products-v2/",
    "nearfold alias live/",
    "nearfold alias live/ --back",
  ],
  run: async ([name], { to, back = false }) => {
    if (!isFolder(name)) {
      const [at, wanted] = [name, "a folder"];
      throw new NearfoldError("bad-argument", "an alias is a folder", { at, wanted });
    }
    if (back) return shown(name, await rollBack(name));
    if (to !== undefined) {
      const target = toAlias(name, to);
      // That there is an index, and not the alias itself.
      const { space, count } = await lookAt(to);
      const made = await switchAlias(name, target);
      return shown(name, made, `${count} documents, ${space.dims} dimensions`);
    }
    const found = await readAlias(name);
    if (found) return shown(name, found);
    throw new NearfoldError("not-found", "there is no alias here", {
      at: name,
      hint: "Make one: nearfold alias NAME --to INDEX",
    });
  },
};

async function lookAt(reference: string) {
  await using store = await openIndex(reference);
  return { space: store.space, count: await store.count() };
}

function shown(name: string, { target, previous }: Alias, about?: string): Outcome {
  const lines = [
    `${name} leads to ${target}${about === undefined ? "" : ` (${about})`}`,
    ...(previous === undefined ? [] : [`before, to ${previous}: --back leads there`]),
  ];
  return { text: lines.join("\n"), json: { alias: name, target, previous: previous ?? null } };
}
