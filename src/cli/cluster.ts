import { extname, resolve } from "node:path";
import { Option } from "commander";
import { describeClusters } from "../apps/cluster/index.ts";
import { NearfoldError } from "../errors.ts";
import { requireMap, writeClusterMap } from "./cluster-map.ts";
import { clusterOutcome, writeAssignments } from "./cluster-result.ts";
import { type ClusterTextsOptions, readVectors } from "./cluster-texts.ts";
import { type GroupingOptions, group, methods } from "./cluster-work.ts";
import { type CommandSpec, wholeNumber } from "./command.ts";
import { modelOptions } from "./model-reference.ts";
import { requireWritable } from "./output.ts";
import { textsArgument } from "./text-input.ts";

interface Options extends ClusterTextsOptions, GroupingOptions {
  readonly out: string;
  readonly map?: string;
  readonly terms: number;
}

/** Texts in, their groups out: around centers, or where they lie densely; with what each is about, and a map. */
export const cluster: CommandSpec<Options> = {
  name: "cluster",
  summary: "Group texts by what they are about, name the groups, and draw a map",
  arguments: [["<texts>", textsArgument]],
  options: [
    new Option("--out <file>", ".jsonl, for the group of each text").makeOptionMandatory(),
    new Option("--model <model>", "whose vectors texts are grouped by; an index has them"),
    new Option("--map <file>", ".html, a map to look at in a browser"),
    new Option("--text <field>", "the field or column of the text, where it is not text"),
    new Option("--id <field>", "the field or column of the id, where it is not id or _id"),
    new Option("--label <field>", "known classes, to say how well the groups agree with them"),
    new Option("--method <name>", "around centers, or where texts lie densely, with noise between")
      .choices(Object.keys(methods))
      .default("k-means"),
    new Option("-k <n>", "groups of k-means (default: by silhouette)").argParser(wholeNumber(1)),
    new Option("--restarts <n>", "runs of k-means, of which the best is taken")
      .argParser(wholeNumber(1, 1000))
      .default(4),
    new Option(
      "--batch-rows <n>",
      "mini-batch k-means by so many texts a step (default: 4096 beyond 200,000 texts)",
    ).argParser(wholeNumber(1)),
    new Option("--min-size <n>", "texts of the smallest dense group")
      .argParser(wholeNumber(2))
      .default(10),
    new Option(
      "--min-samples <n>",
      "texts that make a place dense; fewer leave less noise (default: as --min-size)",
    ).argParser(wholeNumber(1)),
    new Option("--terms <n>", "of each group").argParser(wholeNumber(1, 50)).default(5),
    new Option("--seed <n>", "of the first centers and of the map")
      .argParser(wholeNumber(0, 2 ** 31))
      .default(1),
    new Option("--skip-bad", "rows that hold no text are left out and counted"),
    ...modelOptions,
  ],
  examples: [
    "nearfold cluster titles.jsonl --model model/ --out groups.jsonl --map map.html",
    "nearfold cluster questions.csv --model model/ -k 77 --label intent --out groups.jsonl",
    "nearfold cluster index/ --method density --min-size 15 --out groups.jsonl",
  ],
  run: async ([path], options, context) => {
    const { out, map, seed, terms } = options;
    await checkPlaces(path, { out, map });
    await using closing = new AsyncDisposableStack();
    const texts = await readVectors(path, options, context, closing);
    const grouped = await group(texts, options, context);
    await writeAssignments(out, texts, grouped);
    const { labels } = grouped;
    const clusters = describeClusters(texts.texts, texts.vectors, texts.dims, labels, { terms });
    const described = { ...grouped, clusters };
    if (map !== undefined) await writeClusterMap(map, texts, described, { path, seed }, context);
    return clusterOutcome(texts, described, { out, map, seed });
  },
};

/** @throws bad-argument, io, before anything is read */
async function checkPlaces(
  path: string,
  { out, map }: { readonly out: string; readonly map: string | undefined },
): Promise<void> {
  if (extname(out).toLowerCase() !== ".jsonl") {
    const [at, wanted] = [out, ".jsonl"];
    throw new NearfoldError("bad-argument", "not a kind of file for groups", { at, wanted });
  }
  if (resolve(out) === resolve(path)) {
    throw new NearfoldError("bad-argument", "this file is to be read", { at: "--out", got: out });
  }
  await requireWritable(out);
  if (map !== undefined) await requireMap(map);
}
