/** What mining encodes whatever it searches: the anchors, and the positives for their scores. */
import type { EncodedPart, Encoder, EncodeTextsOptions } from "../encoder/index.ts";
import type { Named, Space } from "../space.ts";
import { comparable } from "../stores/scan.ts";
import { dotRows } from "../tensor/rows.ts";
import type { Anchors } from "./anchors.ts";

export interface MiningProgress {
  /** What is being encoded, in this order; at last, the anchors that have got their negatives. */
  readonly stage: "anchors" | "positives" | "candidates" | "negatives";
  readonly done: number;
  /** Not known of a stream. */
  readonly total?: number;
}

/** What to search for, and with what. */
export interface Work extends Anchors {
  readonly encoder: Encoder;
  /** Candidates that each anchor needs, besides those it is known to match. */
  readonly rangeMax: number;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: (progress: MiningProgress) => void;
}

/** The options of a stage's encoding: as documents, with progress. */
export function encoding(
  { signal, onProgress }: Work,
  stage: MiningProgress["stage"],
  total?: number,
): EncodeTextsOptions {
  return {
    ...(signal && { signal }),
    onProgress: ({ texts }) =>
      onProgress({ stage, done: texts, ...(total !== undefined && { total }) }),
  };
}

/** `[anchors, D]`, as `comparable` gives them. */
export async function encodeAnchors(work: Work, model: Named<Space>): Promise<Float32Array> {
  const { dims } = model.space;
  const texts = work.anchors.map(({ text }) => text);
  const options = encoding(work, "anchors", texts.length);
  const { vectors } = await work.encoder.encode(texts, { role: "query", dims, ...options });
  return comparable(vectors, model, (row) => `anchor ${row}`);
}

/**
 * The score of each row of each anchor.
 * @param queries as `encodeAnchors` gives them
 * @param passing sees the vectors of the positives on the way
 */
export async function scorePositives(
  work: Work,
  queries: Float32Array,
  model: Named<Space>,
  passing: (part: EncodedPart) => Promise<void> = async () => {},
): Promise<readonly (readonly number[])[]> {
  const { encoder, anchors, positives } = work;
  const { dims } = model.space;
  const scores = anchors.map(({ rows }) => rows.map(() => 0));
  const users = positives.map((): { anchor: number; row: number }[] => []);
  for (const [anchor, { rows }] of anchors.entries()) {
    for (const [row, { positive }] of rows.entries()) users[positive].push({ anchor, row });
  }
  const options = { dims, ...encoding(work, "positives", positives.length) };
  for await (const part of encoder.encodeStream(positives, options)) {
    const { first, texts, vectors } = part;
    const rows = comparable(vectors, model, (row) => `positive ${first + row}`);
    for (let i = 0; i < texts.length; i++) {
      for (const { anchor, row } of users[first + i]) {
        scores[anchor][row] = dotRows(queries, anchor * dims, rows, i * dims, dims);
      }
    }
    await passing(part);
  }
  return scores;
}
