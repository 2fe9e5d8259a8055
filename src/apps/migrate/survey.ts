/** What an index holds that another model would embed, and how long that would take. */
import type { Encoder } from "../../encoder/index.ts";
import { sequence } from "../../graph/rng.ts";
import type { VectorStore } from "../../stores/index.ts";
import { textOf } from "./source-rows.ts";

export interface Survey {
  readonly texts: number;
  readonly characters: number;
  /** Drawn from all over, in no order that says anything. */
  readonly sample: readonly { readonly id: string; readonly text: string }[];
}

const SEED = 42;

/**
 * Looks at every row once, and draws a sample of them (reservoir sampling; Vitter 1985, algorithm R).
 * @throws unsupported for a row whose payload holds no text
 */
export async function surveyTexts(store: VectorStore, most: number): Promise<Survey> {
  const next = sequence(SEED);
  const sample: { id: string; text: string }[] = [];
  let [texts, characters] = [0, 0];
  for await (const row of store.rows()) {
    const text = textOf(row, store.name);
    const place = texts < most ? texts : Math.floor(next() * (texts + 1));
    if (place < most) sample[place] = { id: row.id, text };
    texts++;
    characters += text.length;
  }
  return { texts, characters, sample };
}

export interface Estimate {
  readonly texts: number;
  readonly tokens: number;
  readonly seconds: number;
  /** Of the vectors alone, as float32. */
  readonly bytes: number;
  /** Texts that it was measured on. */
  readonly sampled: number;
}

/** What embedding some texts took. */
export interface Timed {
  readonly texts: number;
  readonly characters: number;
  readonly tokens: number;
  readonly seconds: number;
}

/** Texts that are embedded for the estimate: some seconds with a small transformer. */
const TIMED = 64;

/** Embeds some of the sample, after one that warms up. @param now in milliseconds */
export async function timeEncoder(
  encoder: Encoder,
  sample: Survey["sample"],
  { now, dims, signal }: { now: () => number; dims: number; signal: AbortSignal },
): Promise<Timed> {
  const texts = sample.slice(0, TIMED).map(({ text }) => text);
  await encoder.encode(texts.slice(0, 1), { role: "document", dims, signal });
  const began = now();
  const { tokens } = await encoder.encode(texts, { role: "document", dims, signal });
  const characters = texts.reduce((sum, { length }) => sum + length, 0);
  return { texts: texts.length, characters, tokens, seconds: (now() - began) / 1000 };
}

/** Tokens and seconds go with the characters; of texts that are there already none are left to do. */
export function estimate(
  { texts, characters }: Pick<Survey, "texts" | "characters">,
  timed: Timed,
  { dims, done = 0 }: { readonly dims: number; readonly done?: number },
): Estimate {
  const left = texts === 0 ? 0 : Math.max(0, texts - done) / texts;
  const scale = timed.characters === 0 ? 0 : (left * characters) / timed.characters;
  return {
    texts: Math.max(0, texts - done),
    tokens: Math.round(timed.tokens * scale),
    seconds: timed.seconds * scale,
    bytes: 4 * dims * texts,
    sampled: timed.texts,
  };
}
