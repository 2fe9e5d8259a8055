/** English that is on every machine: the comments and declarations that come with TypeScript. */
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { parseTokenizer, type Tokenizer, trainWordPiece } from "../src/text/index.ts";

const source = fileURLToPath(import.meta.resolve("typescript/lib/lib.dom.d.ts"));

/** The first `count` words, split at white space. */
export async function readWords(count: number): Promise<string[]> {
  const words = (await readFile(source, "utf8")).split(/\s+/u).filter((word) => word !== "");
  if (words.length >= count) return words.slice(0, count);
  throw new Error(`${source} has ${words.length} words, and ${count} are needed`);
}

/** A BERT tokenizer trained on these words. */
export function wordPieceOf(words: readonly string[], vocabSize: number): Tokenizer {
  const { tokenizerJson, tokenizerConfig } = trainWordPiece(words, { vocabSize });
  const [json, configuration] = [tokenizerJson, tokenizerConfig].map((part) =>
    JSON.stringify(part),
  );
  return parseTokenizer(json, configuration, "the bench's WordPiece tokenizer");
}
