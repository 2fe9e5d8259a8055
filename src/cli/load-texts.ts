/** What a load asks for: a file's texts, or some of ours. */
import { readDocuments } from "../data/index.ts";
import { NearfoldError } from "../errors.ts";
import { readAll } from "./reading.ts";

/** Short, as what people type into a search. */
const QUERIES = [
  "how do I read a file line by line in typescript",
  "remove white space from both ends of a string",
  "what is the capital of france",
  "return policy for damaged parcels",
];

const SENTENCE =
  "The library keeps every document in a folder of its own, and writes what has changed to a new file before the old one is removed. ";

/** @throws bad-input for a file of nothing; as `readDocuments` */
export async function queryTexts(
  path: string | undefined,
  words: readonly number[] | undefined,
): Promise<readonly string[]> {
  if (path !== undefined && words) {
    const hint = "A file's texts have the lengths that they have";
    throw new NearfoldError("bad-argument", "--words goes without --queries", { hint });
  }
  return await textsOf(path, words ? words.map(textOf) : QUERIES);
}

/** Of about 25 to 250 tokens, where no file is named. @throws as `queryTexts` */
export async function bulkTexts(path: string | undefined): Promise<readonly string[]> {
  return await textsOf(
    path,
    Array.from({ length: 64 }, (_, i) => SENTENCE.repeat(1 + ((i * 7) % 10))),
  );
}

async function textsOf(
  path: string | undefined,
  otherwise: readonly string[],
): Promise<readonly string[]> {
  if (path === undefined) return otherwise;
  const { rows } = await readAll(path, readDocuments, {}, () => {});
  if (rows.length > 0) return rows.map(({ text }) => text);
  throw new NearfoldError("bad-input", "there is no text in it", { at: path });
}

/** A text of so many words. */
function textOf(count: number): string {
  const words = SENTENCE.trim().split(" ");
  return Array.from({ length: count }, (_, i) => words[i % words.length]).join(" ");
}
