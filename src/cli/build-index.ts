import { Option } from "commander";
import { type Document, readDocuments, skips } from "../data/index.ts";
import { requireFreeFolder, writeFolderDurably } from "../durable.ts";
import { type Encoder, openEncoder } from "../encoder/index.ts";
import { NearfoldError, throwIfAborted } from "../errors.ts";
import { openFileStore, type VectorStore } from "../stores/index.ts";
import { MANIFEST } from "../stores/manifest.ts";
import { type CommandSpec, type Context, type Outcome, wholeNumber } from "./command.ts";
import { chooseDims, prefixSpace } from "./encoding.ts";
import {
  type ModelOptions,
  modelArgument,
  modelFolder,
  modelOptions,
  noteModel,
} from "./model-reference.ts";
import { trackTask } from "./progress.ts";
import { type ReadingOptions, reportSkipped, requireFile, skipBadOption } from "./reading.ts";

interface Options extends ReadingOptions, ModelOptions {
  readonly out: string;
  readonly dims?: number;
  readonly replace?: boolean;
}

/**
 * Brings an index up to date with a file: what is new or changed is encoded, what is there with the same text is left
 * alone. So a run that was stopped goes on where it was when it is typed again.
 */
export const buildIndex: CommandSpec<Options> = {
  name: "index",
  summary: "Index documents for search; typed again, it goes on and takes in what changed",
  arguments: [
    ["<model>", modelArgument],
    ["<documents>", 'JSONL of {"id"?, "title"?, "text"}, or a .txt with a document a line'],
  ],
  options: [
    new Option("--out <folder>", "folder of the index").makeOptionMandatory(),
    new Option("--dims <n>", "only the first n dimensions").argParser(wholeNumber(1)),
    new Option("--replace", "build it anew, and put it in the old one's place when it is whole"),
    skipBadOption,
    ...modelOptions,
  ],
  examples: [
    "nearfold index model/ docs.jsonl --out index/",
    "nearfold index model/ docs.jsonl --out index/ --dims 128 --replace",
    "nearfold index sentence-transformers/all-MiniLM-L6-v2 docs.jsonl --out index/",
  ],
  run: async ([model, path], options, context) => {
    const replacing = options.replace ? { replace: MANIFEST } : undefined;
    if (replacing) await requireFreeFolder(options.out, replacing);
    const counted = await checkDocuments(path, options, context);
    const folder = await modelFolder(model, options, context);
    await using encoder = await openEncoder(folder);
    const dims = chooseDims(encoder, options.dims);
    const build = async (place: string) => {
      const notes = await noteModel(folder, options.out);
      await using store = await openFileStore(place, { model: prefixSpace(encoder, dims), notes });
      return await fill(store, encoder, { path: path, dims, counted, options }, context);
    };
    if (!replacing) return await build(options.out);
    let outcome: Outcome | undefined;
    const rebuild = async (temporary: string) => {
      outcome = await build(temporary);
    };
    await writeFolderDurably(options.out, rebuild, replacing);
    return outcome!;
  },
};

interface Work {
  readonly path: string;
  readonly dims: number;
  readonly counted: { readonly documents: number; readonly skipped: number };
  readonly options: Options;
}

/** Documents between two commits of the index. */
const CHUNK = 1024;

/** Reads the whole file before the first vector: a mistake in its last line should not cost an hour. */
async function checkDocuments(path: string, { skipBad }: Options, { report }: Context) {
  await requireFile(path);
  const skipped = skips();
  const seen = new Set<string>();
  for await (const { id } of readDocuments(path, skipBad ? { onBad: skipped.onBad } : {})) {
    if (seen.has(id)) {
      const got = JSON.stringify(id.slice(0, 60));
      throw new NearfoldError("bad-input", "an id is used twice", { at: path, got });
    }
    seen.add(id);
  }
  reportSkipped(path, skipped, report);
  return { documents: seen.size, skipped: skipped.count };
}

async function fill(
  store: VectorStore,
  encoder: Encoder,
  { path, dims, counted, options }: Work,
  { report, signal, now }: Context,
): Promise<Outcome> {
  const { documents, skipped } = counted;
  const before = await store.count();
  const advance = trackTask(report, { task: "indexing", unit: "documents", total: documents }, now);
  let [done, encoded, truncated] = [0, 0, 0];
  for await (const part of chunks(
    readDocuments(path, options.skipBad ? { onBad: () => {} } : {}),
  )) {
    throwIfAborted(signal, `indexing, at document ${done} of ${documents};`);
    const kept = await store.get(part.map(({ id }) => id));
    const fresh = part.filter(({ text }, i) => kept[i]?.payload?.text !== text);
    if (fresh.length > 0) {
      const texts = fresh.map(({ text }) => text);
      const made = await encoder.encode(texts, { role: "document", dims, signal });
      const payloads = texts.map((text) => ({ text }));
      await store.add(
        fresh.map(({ id }) => id),
        made.vectors,
        { payloads },
      );
      encoded += fresh.length;
      truncated += made.truncated.length;
    }
    done += part.length;
    advance(done);
  }
  const count = await store.count();
  const cut = truncated > 0 ? [`${truncated} were longer than the model reads and cut`] : [];
  const old = before > 0 ? [`${documents - encoded} were there already`] : [];
  return {
    json: { out: options.out, documents: count, encoded, truncated, skipped, dims },
    text: [
      [`${options.out} holds ${count} documents, ${encoded} of them new`, ...old, ...cut].join(
        "; ",
      ),
      `Next: nearfold search ${options.out} "what you look for"`,
    ].join("\n"),
  };
}

async function* chunks(rows: AsyncIterable<Document>): AsyncGenerator<readonly Document[]> {
  let part: Document[] = [];
  for await (const row of rows) {
    part.push(row);
    if (part.length < CHUNK) continue;
    yield part;
    part = [];
  }
  if (part.length > 0) yield part;
}
