/** Other programs that make vectors of texts, each in a process of its own. */
import type { Child } from "./child.ts";
import { openPeer } from "./peer.ts";

export interface PeerEncoding {
  readonly batchSize: number;
  /** Texts of like length in one batch; else in the order given. @default true */
  readonly sorted?: boolean;
}

export interface PeerEncoder extends AsyncDisposable {
  /** With its version. */
  readonly name: string;
  /** The milliseconds that all texts take, from texts to unit vectors. */
  encode(request: PeerEncoding): Promise<number>;
  /** Of the last `encode`, `[N, D]`. */
  vectors(): Promise<Float32Array>;
  /** The batch size with which it takes the least time for some of the texts; each is tried twice. */
  fastest(batchSizes: readonly number[], log: (line: string) => void): Promise<number>;
}

interface Opening {
  /** A model's folder. */
  readonly folder: string;
  readonly texts: readonly string[];
  readonly maxTokens: number;
  readonly dtype: "fp32" | "q8";
}

/** Batch sizes are tried on this share of the texts. */
const TRIED = 1 / 8;

export const openTransformersJs = (opening: Opening): Promise<PeerEncoder> =>
  open(openPeer(process.execPath, "transformers-js-texts.ts"), opening);

export const openSentenceTransformers = (python: string, opening: Opening): Promise<PeerEncoder> =>
  open(openPeer(python, "encode_texts.py"), opening);

async function open(child: Child, opening: Opening): Promise<PeerEncoder> {
  await using stack = new AsyncDisposableStack();
  stack.use(child);
  const { name } = await child.ask<{ name: string }>("open", { ...opening });
  const sample = Math.ceil(opening.texts.length * TRIED);
  const ask = async (request: object) =>
    (await child.ask<{ ms: number }>("encode", { ...request })).ms;
  const opened = stack.move();
  return {
    name,
    encode: ask,
    async vectors() {
      const { base64 } = await child.ask<{ base64: string }>("vectors");
      return new Float32Array(new Uint8Array(Buffer.from(base64, "base64")).buffer);
    },
    async fastest(batchSizes, log) {
      const times = new Map(batchSizes.map((size) => [size, Number.POSITIVE_INFINITY]));
      for (const _ of [1, 2]) {
        for (const batchSize of batchSizes) {
          const ms = await ask({ batchSize, sample });
          times.set(batchSize, Math.min(times.get(batchSize)!, ms));
        }
      }
      const tried = [...times].map(([size, ms]) => `${size}: ${Math.round((1000 * sample) / ms)}`);
      log(`${name}, texts a second by batch size: ${tried.join(", ")}`);
      return [...times].reduce((best, next) => (next[1] < best[1] ? next : best))[0];
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}
