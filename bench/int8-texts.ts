/** Texts on which int8 vectors are compared: long and short, as they mix in a batch. */
import { readStsTest } from "./quality.ts";
import { readScifact } from "./real-data.ts";

/** Abstracts of SciFact from the 3,000th on, which nothing was calibrated on, each with some sentences of STS-B after it. */
export async function int8Texts(count: number): Promise<string[]> {
  const { documents } = await readScifact("test");
  const abstracts = [...documents.values()].slice(3000);
  const sentences = (await readStsTest()).map(({ sentence1 }) => sentence1);
  return Array.from({ length: count }, (_, i) => (i % 4 === 0 ? abstracts[i / 4] : sentences[i]));
}
