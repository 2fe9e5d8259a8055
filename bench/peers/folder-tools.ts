/** The tools that read a saved folder, and how each is held against us. */
import { join } from "node:path";
import type { Encoder } from "../../src/encoder/index.ts";
import type { Model, Role } from "../../src/models/index.ts";
import { hardTexts } from "../../test/exported-models.ts";
import { openWebModel } from "../../test/onnxruntime-web.ts";
import { vectorsInTransformersJs } from "../../test/transformers-js.ts";
import type { Child } from "../child.ts";

/** A model in a folder of its own, and where it was adapted, the folders of what by and from what. */
export interface SavedFolder {
  readonly folder: string;
  readonly model: Model;
  readonly encoder: Encoder;
  readonly adapted?: { readonly base: string; readonly adapter: string };
}

export interface Verdict {
  /** How many it was asked. */
  readonly texts: number;
  readonly figure: string;
  readonly agrees: boolean;
}

export interface FolderTool {
  readonly name: string;
  /** Nothing where there is nothing for it to read. @throws what the tool says of a folder that it cannot read */
  readonly judge: (saved: SavedFolder) => Promise<Verdict | undefined>;
}

const TOLERANCE = 1e-4;
const roles: readonly Role[] = ["document", "query"];

export function javaScriptTools(): FolderTool[] {
  return [
    byVectors("transformers.js", {
      applies: poolsAll,
      reads: (model, text) => hasTokens(model, text) && !losesItsEnd(model, text),
      ask: async ({ folder, model }, texts, role) => {
        const asked = prompted(model, texts, role);
        const { data, dims } = await vectorsInTransformersJs(folder, asked, model);
        return { together: rowsOf(data as Float32Array, dims[1]) };
      },
    }),
    byVectors("onnxruntime-web", {
      applies: poolsAll,
      reads: hasTokens,
      ask: async ({ folder, model }, texts, role) => {
        await using web = await openWebModel(join(folder, "onnx/model.onnx"));
        const ids = prompted(model, texts, role).map((text) => idsOf(model, text));
        const { data, dims } = (await web.run(ids)).sentence_embedding;
        return { together: rowsOf(data as Float32Array, dims[1]) };
      },
    }),
  ];
}

/** Those that `read_folder.py` knows. */
export async function pythonTools(python: Child): Promise<FolderTool[]> {
  const names = await python.ask<Record<string, string>>("names");
  return [
    byVectors(names.encode, {
      // A text without tokens has the vector 0 here. There, transformers cannot run it, and a dense layer makes something of it.
      reads: (model, text) => hasTokens(model, text) || isBareTable(model),
      ask: ({ folder }, texts, role) => python.ask("encode", { folder, texts, role }),
    }),
    byVectors(names.peft, {
      applies: ({ adapted }) => adapted !== undefined,
      reads: hasTokens,
      ask: ({ adapted }, texts, role) => {
        const { base, adapter } = adapted!;
        return python.ask("encode", { folder: base, adapter, texts, role });
      },
    }),
    byVectors(names.run, {
      applies: poolsAll,
      reads: hasTokens,
      ask: ({ folder, model }, texts, role) =>
        python.ask("run", { folder, texts: prompted(model, texts, role) }),
    }),
    {
      name: names.tokenize,
      judge: async ({ folder, model }) => {
        const texts = roles.flatMap((role) => prompted(model, hardTexts, role));
        const { ids } = await python.ask<{ ids: number[][] }>("tokenize", { folder, texts });
        const other = texts.filter((text, i) => `${ids[i]}` !== `${idsOf(model, text)}`);
        const figure =
          other.length === 0
            ? "same ids"
            : `${other.length} otherwise: ${JSON.stringify(other[0])}`;
        return { texts: texts.length, figure, agrees: other.length === 0 };
      },
    },
    {
      name: names.check,
      judge: async ({ folder }) => {
        const { figure } = await python.ask<{ figure: string }>("check", { folder });
        return { texts: 0, figure, agrees: true };
      },
    },
  ];
}

type Rows = readonly ArrayLike<number>[];

interface VectorTool {
  /** Whether there is something for it to read. @default always */
  readonly applies?: (saved: SavedFolder, role: Role) => boolean;
  /** Which texts it can be asked, as the tokenizer gets them. @default all */
  readonly reads?: (model: Model, text: string) => boolean;
  /** Vectors of texts, once for each way of asking. */
  readonly ask: (
    saved: SavedFolder,
    texts: readonly string[],
    role: Role,
  ) => Promise<Readonly<Record<string, Rows>>>;
}

/** By the largest difference of its vectors from ours, in each role and each way of asking. */
function byVectors(name: string, { applies, reads, ask }: VectorTool): FolderTool {
  const judge = async (saved: SavedFolder): Promise<Verdict | undefined> => {
    const { model, encoder } = saved;
    let [texts, worst, where] = [0, 0, ""];
    for (const role of roles) {
      if (applies?.(saved, role) === false) continue;
      const asked = hardTexts.filter(
        (text) => reads?.(model, prompted(model, [text], role)[0]) ?? true,
      );
      const { vectors, dims } = await encoder.encode(asked, { role });
      for (const [way, rows] of Object.entries(await ask(saved, asked, role))) {
        const difference = differenceOf(rows, rowsOf(vectors, dims));
        if (difference > worst) [worst, where] = [difference, `${role}s ${way}`];
      }
      texts += asked.length;
    }
    if (texts === 0) return undefined;
    const agrees = worst <= TOLERANCE;
    return { texts, figure: worst.toExponential(1) + (agrees ? "" : `, ${where}`), agrees };
  };
  return { name, judge };
}

/** The largest; what is not a number, or of another size, is no agreement. */
function differenceOf(found: Rows, wanted: Rows): number {
  const shapeOf = (rows: Rows) => `${rows.length} × ${rows[0]?.length}`;
  if (shapeOf(found) !== shapeOf(wanted)) {
    throw new Error(`vectors of ${shapeOf(found)} where ours are ${shapeOf(wanted)}`);
  }
  let largest = 0;
  for (const [i, row] of wanted.entries()) {
    for (let j = 0; j < row.length; j++) {
      const difference = Math.abs(found[i][j] - row[j]);
      if (!(difference <= largest)) largest = Number.isNaN(difference) ? Infinity : difference;
    }
  }
  return largest;
}

function idsOf({ tokenizer, maxTokens }: Model, text: string): Int32Array {
  return tokenizer.encode(text, { maxLength: maxTokens }).ids;
}

function rowsOf(data: Float32Array, width: number): Float32Array[] {
  return Array.from({ length: data.length / width }, (_, i) =>
    data.subarray(i * width, (i + 1) * width),
  );
}

function prompted({ prompts }: Model, texts: readonly string[], role: Role): string[] {
  return texts.map((text) => prompts[role] + text);
}

/** The bare graph cannot tell a prompt from the text. */
function poolsAll({ model: { head, prompts } }: SavedFolder, role: Role): boolean {
  return head.includePrompt || prompts[role] === "";
}

function hasTokens(model: Model, text: string): boolean {
  return idsOf(model, text).length > 0;
}

/** transformers.js cuts a text that is too long after it has put special tokens around it: those at its end are gone. */
function losesItsEnd({ tokenizer, maxTokens }: Model, text: string): boolean {
  const { ids, truncated } = tokenizer.encode(text, { maxLength: maxTokens });
  return truncated && [...tokenizer.specialTokens.values()].includes(ids.at(-1)!);
}

function isBareTable({ architecture, head }: Model): boolean {
  const isDense = head.layers.some(({ type }) => type === "dense");
  return architecture.module === "StaticEmbedding" && !isDense;
}
