import { join } from "node:path";
import { Option } from "commander";
import { exists } from "../durable.ts";
import { openEncoder } from "../encoder/index.ts";
import { NearfoldError } from "../errors.ts";
import { requireSameSpace } from "../space.ts";
import { openFileStore, type StoreHit, type VectorStore } from "../stores/index.ts";
import { type CommandSpec, wholeNumber } from "./command.ts";
import { prefixSpace } from "./encoding.ts";
import { oneLine } from "./table.ts";

interface Options {
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
    new Option("--model <folder>", "the model, where it is not where the index says"),
  ],
  examples: [
    'nearfold search index/ "how do I read a file?"',
    'nearfold search index/ "wool" -k 3 --json',
  ],
  run: async ([folder, query], { k, model }, { signal }) => {
    if (query.trim() === "") throw new NearfoldError("bad-argument", "the query is empty");
    await requireIndex(folder);
    await using store = await openFileStore(folder, { access: "read" });
    await using encoder = await openEncoder(model ?? recordedModel(store));
    const { dims } = store.space;
    requireSameSpace(store, prefixSpace(encoder, dims));
    const { vectors } = await encoder.encode([query], { role: "query", dims, signal });
    const [hits = []] = await store.search(vectors, k, { signal });
    return {
      json: { query, hits: hits.map(({ id, score, payload }) => ({ id, score, ...payload })) },
      text: hits.length === 0 ? "The index is empty." : hits.map(describe).join("\n"),
    };
  },
};

function describe({ id, score, payload }: StoreHit, place: number): string {
  const text = typeof payload?.text === "string" ? payload.text : "";
  return `${String(place + 1).padStart(2)}  ${score.toFixed(4)}  ${oneLine(id, 40)}  ${oneLine(text, 100)}`;
}

/** @throws not-found with a way to an index, for a model's folder too */
async function requireIndex(folder: string): Promise<void> {
  if (await exists(join(folder, "store.json"))) return;
  const isModel = await exists(join(folder, "config.json"));
  throw new NearfoldError("not-found", "there is no index here", {
    at: folder,
    ...(isModel && { got: "a model" }),
    hint: "Build one: nearfold index MODEL DOCUMENTS --out FOLDER",
  });
}

/** Where the index says its model is, seen from the index. */
function recordedModel({ name, notes }: VectorStore): string {
  if (typeof notes.model === "string") return join(name, notes.model);
  throw new NearfoldError("not-found", "the index does not say where its model is", {
    at: name,
    hint: "Name it with --model",
  });
}
