import { join } from "node:path";
import { Option } from "commander";
import { exists } from "../durable.ts";
import { openEncoder } from "../encoder/index.ts";
import { NearfoldError } from "../errors.ts";
import { type Fit, requireQuerySpace } from "../space.ts";
import { openStore, type StoreHit } from "../stores/index.ts";
import { type CommandSpec, wholeNumber } from "./command.ts";
import { prefixSpace } from "./encoding.ts";
import { type ModelOptions, modelFolder, modelOptions, notedModel } from "./model-reference.ts";
import type { ProgressEvent } from "./progress.ts";
import { oneLine } from "./table.ts";

interface Options extends ModelOptions {
  readonly k: number;
  readonly model?: string;
}

/** The documents of an index that are nearest to a query. */
export const search: CommandSpec<Options> = {
  name: "search",
  summary: "Search an index",
  arguments: [
    ["<index>", "folder of the index"],
    ["<query>", "what to look for"],
  ],
  options: [
    new Option("-k <n>", "how many hits").argParser(wholeNumber(1)).default(10),
    new Option("--model <model>", "the model, where it is not the one that the index says"),
    ...modelOptions,
  ],
  examples: [
    'nearfold search index/ "how do I read a file?"',
    'nearfold search index/ "wool" -k 3 --json',
  ],
  run: async ([folder, query], options, context) => {
    const { k, model } = options;
    const { signal } = context;
    if (query.trim() === "") throw new NearfoldError("bad-argument", "the query is empty");
    await requireIndex(folder);
    await using store = await openStore(folder, { access: "read" });
    const found =
      model === undefined
        ? await notedModel(store, options, context)
        : await modelFolder(model, options, context);
    await using encoder = await openEncoder(found);
    const { dims } = store.space;
    const { fitted } = encoder;
    const fit = requireQuerySpace(store, {
      ...prefixSpace(encoder, dims),
      ...(fitted && { fitted }),
    });
    if (fit) context.report(fitNote(encoder.name, fit));
    const { vectors } = await encoder.encode([query], { role: "query", dims, signal });
    const [hits = []] = await store.search(vectors, k, { signal });
    return {
      json: { query, hits: hits.map(({ id, score, payload }) => ({ id, score, ...payload })) },
      text: hits.length === 0 ? "The index is empty." : hits.map(describe).join("\n"),
    };
  },
};

/** How far hits are to be trusted that a fitted model finds in another's index. */
function fitNote(name: string, { teacher, agreement }: Fit): ProgressEvent {
  const { texts, cosine, overlap } = agreement;
  const figures = [
    ...(cosine === undefined ? [] : [`mean cosine ${cosine.toFixed(3)}`]),
    `${Math.round(100 * overlap)} % of the 10 nearest shared`,
  ];
  return {
    type: "note",
    text: `${name} asks in the space of ${teacher}, to which it was fitted: ${figures.join(", ")}, on ${texts} texts`,
    data: { type: "fitted", teacher, ...agreement },
  };
}

function describe({ id, score, payload }: StoreHit, place: number): string {
  const text = typeof payload?.text === "string" ? payload.text : "";
  return `${String(place + 1).padStart(2)}  ${score.toFixed(4)}  ${oneLine(id, 40)}  ${oneLine(text, 100)}`;
}

/** @throws not-found with a way to an index, for a model's folder too */
export async function requireIndex(folder: string): Promise<void> {
  if (await exists(join(folder, "store.json"))) return;
  const isModel = await exists(join(folder, "config.json"));
  throw new NearfoldError("not-found", "there is no index here", {
    at: folder,
    ...(isModel && { got: "a model" }),
    hint: "Build one: nearfold index MODEL DOCUMENTS --out FOLDER",
  });
}
