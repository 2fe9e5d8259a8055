/** all-MiniLM-L6-v2 distilled, as a person types it, on texts without labels. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readSts } from "../src/data/index.ts";
import { sequence, shuffle } from "../src/graph/rng.ts";
import { miniLm } from "../test/minilm.ts";
import { nearfold } from "../test/nearfold.ts";
import { shared } from "../test/shared.ts";
import { readCaptions } from "./captions.ts";

/** Captions beside the abstracts: enough to see many words, few enough to be embedded in some minutes. */
const CAPTIONS = 20_000;

/** A folder with a student in it; `await using` removes it. */
export interface Distilled extends AsyncDisposable {
  readonly folder: string;
  readonly seconds: number;
  /** What the command printed. */
  readonly said: Readonly<Record<string, unknown>>;
}

/**
 * The student of `nearfold distill` with these arguments, over SciFact's abstracts, captions and the sentences of STS-B's train split. The
 * teacher's vectors are computed anew. @throws where the command fails
 */
export async function distilMiniLm(argv: readonly string[]): Promise<Distilled> {
  const home = await mkdtemp(join(tmpdir(), "nearfold-distil-"));
  const folder = join(home, "student");
  const texts = join(home, "texts.jsonl");
  await writeFile(texts, (await sentences()).map((text) => `${JSON.stringify(text)}\n`).join(""));
  const began = performance.now();
  const ran = await nearfold([
    ...["distill", miniLm, "--data", shared("data/scifact/corpus.jsonl"), texts],
    ...["--teacher-cache", join(home, "teacher"), "--out", folder, "--json", ...argv],
  ]);
  const seconds = (performance.now() - began) / 1000;
  if (ran.code !== 0) throw new Error(ran.err.trim().split("\n").at(-1));
  return {
    folder,
    seconds,
    said: JSON.parse(ran.out) as Record<string, unknown>,
    [Symbol.asyncDispose]: () => rm(home, { recursive: true, force: true }),
  };
}

async function sentences(): Promise<string[]> {
  const captions = (await readCaptions()).flat();
  const order = shuffle(
    Int32Array.from(captions, (_, i) => i),
    sequence(42),
  );
  const rows = await Array.fromAsync(readSts(shared("data/stsbenchmark/train.jsonl")));
  const drawn = Array.from(order.subarray(0, CAPTIONS), (i) => captions[i]);
  return [...drawn, ...rows.flatMap(({ sentence1, sentence2 }) => [sentence1, sentence2])];
}
