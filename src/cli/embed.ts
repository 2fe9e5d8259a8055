import { extname } from "node:path";
import { Option } from "commander";
import { type Document, readDocuments } from "../data/index.ts";
import { writeDurably } from "../durable.ts";
import { type Encoder, openEncoder } from "../encoder/index.ts";
import { NearfoldError } from "../errors.ts";
import type { Role } from "../models/model.ts";
import { writeSafetensors } from "../tensor/safetensors.ts";
import { floats } from "../tensor/tensor.ts";
import { type CommandSpec, type CommonOptions, type Context, wholeNumber } from "./command.ts";
import { chooseDims, encodeAll } from "./encoding.ts";
import { type ModelOptions, modelArgument, modelFolder, modelOptions } from "./model-reference.ts";
import { requireWritable } from "./output.ts";
import { trackTask } from "./progress.ts";
import { type ReadingOptions, readAll, skipBadOption } from "./reading.ts";

interface Options extends ReadingOptions, ModelOptions {
  readonly out?: string;
  readonly role: Role;
  readonly dims?: number;
}

/** Texts in, vectors out: a safetensors file, JSON lines in a file, or JSON lines on stdout. */
export const embed: CommandSpec<Options> = {
  name: "embed",
  summary: "Turn texts into vectors",
  arguments: [
    ["<model>", modelArgument],
    ["<texts>", 'JSONL of {"id"?, "text"}, or a .txt with a text a line'],
  ],
  options: [
    new Option("--out <file>", ".safetensors or .jsonl; without it JSON lines go to stdout"),
    new Option("--role <role>", "what the texts are to a search")
      .choices(["query", "document"])
      .default("document"),
    new Option("--dims <n>", "only the first n dimensions").argParser(wholeNumber(1)),
    skipBadOption,
    ...modelOptions,
  ],
  examples: [
    "nearfold embed model/ texts.jsonl --out vectors.safetensors",
    "nearfold embed model/ questions.txt --role query > vectors.jsonl",
    "nearfold embed sentence-transformers/all-MiniLM-L6-v2 texts.jsonl --out vectors.jsonl",
  ],
  run: async ([model, path], options, context) => {
    const kind = outputKind(options);
    if (options.out !== undefined) await requireWritable(options.out);
    const { rows, skipped } = await readAll(path, readDocuments, options, context.report);
    await using encoder = await openEncoder(await modelFolder(model, options, context));
    const dims = chooseDims(encoder, options.dims);
    const work = { encoder, rows, dims, role: options.role };
    const truncated = await writers[kind](work, options.out ?? "", context);
    const summary = {
      texts: rows.length,
      dims,
      truncated,
      skipped,
      ...(options.out && { out: options.out }),
    };
    const cut = truncated > 0 ? `; ${truncated} were longer than the model reads and cut` : "";
    const text = `${rows.length} texts, ${dims} dimensions, written to ${options.out}${cut}`;
    return { json: summary, text: kind === "stdout" ? "" : text };
  },
};

interface Work {
  readonly encoder: Encoder;
  readonly rows: readonly Document[];
  readonly dims: number;
  readonly role: Role;
}

/** Each gives the number of texts that were cut. */
const writers = {
  safetensors: writeTensor,
  jsonl: (work, path, context) => {
    let truncated = 0;
    const fill = writeDurably(path, async (handle) => {
      truncated = await writeLines(work, (text) => handle.appendFile(text), context);
    });
    return fill.then(() => truncated);
  },
  stdout: (work, _, context) => writeLines(work, context.write, context),
} as const satisfies Record<
  string,
  (work: Work, path: string, context: Context) => Promise<number>
>;

function outputKind({ out, json }: Options & CommonOptions): keyof typeof writers {
  if (out === undefined) {
    if (!json) return "stdout";
    throw new NearfoldError("bad-argument", "--json leaves no room for vectors on stdout", {
      wanted: "--out FILE beside it",
    });
  }
  const kind = extname(out).slice(1).toLowerCase();
  if (kind === "safetensors" || kind === "jsonl") return kind;
  throw new NearfoldError("bad-argument", "not a kind of file for vectors", {
    at: out,
    wanted: ".safetensors or .jsonl",
  });
}

/** The tensor `vectors` `[N, D]`; the ids, as JSON, are in the metadata, beside the space. */
async function writeTensor(
  { encoder, rows, dims, role }: Work,
  path: string,
  context: Context,
): Promise<number> {
  const texts = rows.map(({ text }) => text);
  const encoded = await encodeAll(encoder, texts, { role, dims, unit: "texts" }, context);
  const tensors = new Map([["vectors", floats(encoded.vectors, [rows.length, dims])]]);
  const { id, similarity } = encoder.space;
  const metadata = { ids: JSON.stringify(rows.map((row) => row.id)), role, space: id, similarity };
  await writeSafetensors(path, tensors, { metadata });
  return encoded.truncated.length;
}

/** A line `{"id", "vector"}` for each text, chunk by chunk. */
async function writeLines(
  { encoder, rows, dims, role }: Work,
  write: (text: string) => Promise<unknown>,
  { report, signal, now }: Context,
): Promise<number> {
  const advance = trackTask(report, { task: "encoding", unit: "texts", total: rows.length }, now);
  const texts = rows.map(({ text }) => text);
  const onProgress = ({ texts }: { readonly texts: number }) => advance(texts);
  let truncated = 0;
  for await (const part of encoder.encodeStream(texts, { role, dims, signal, onProgress })) {
    const lines = part.texts.map((_, i) => {
      const vector = Array.from(part.vectors.subarray(i * dims, (i + 1) * dims));
      return `${JSON.stringify({ id: rows[part.first + i].id, vector })}\n`;
    });
    await write(lines.join(""));
    truncated += part.truncated.length;
  }
  return truncated;
}
