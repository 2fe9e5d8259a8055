import type { Space } from "../space.ts";
import { takeRows } from "../tensor/rows.ts";
import { type DriftMap, fitDriftMaps } from "./drift-map.ts";
import { type DriftRecall, driftRecalls } from "./drift-recall.ts";

/** Documents by one model, and a sentence of each as a query: `[N, D]` both. */
export interface SampledVectors {
  readonly space: Pick<Space, "dims" | "similarity">;
  readonly documents: Float32Array;
  readonly sentences: Float32Array;
}

export interface ChosenMap {
  readonly map: DriftMap;
  /** Of the held-out sentences, among all documents of the sample. */
  readonly recall: DriftRecall;
}

/** One in so many documents, and its sentence, is fitted on by no map. */
const HELD_OUT = 8;

/** Whether a row of a sample is held out. */
export function isHeldOut(row: number): boolean {
  return row % HELD_OUT === HELD_OUT - 1;
}

/**
 * Of the maps that a sample gives, the one that finds most of what the asking model finds among its own vectors, by sentences that were held out.
 * @throws as `fitDriftMaps`
 */
export function chooseDriftMap({
  asking,
  asked,
}: Readonly<Record<"asking" | "asked", SampledVectors>>): ChosenMap {
  const learnt = (row: number) => !isHeldOut(row);
  const pairs = (of: "documents" | "sentences") => {
    const [x, y] = [asking, asked].map((side) => pick(side[of], side.space.dims, learnt));
    return { rows: x.length / asking.space.dims, asking: x, asked: y };
  };
  const maps = fitDriftMaps(pairs("documents"), pairs("sentences"));
  const searched = ({ space, documents, sentences }: SampledVectors) => ({
    ...{ space, documents, queries: pick(sentences, space.dims, isHeldOut) },
  });
  const recalls = driftRecalls(maps, { asking: searched(asking), asked: searched(asked) });
  const best = recalls.reduce((top, { recall }, i) => (recall > recalls[top].recall ? i : top), 0);
  return { map: maps[best], recall: recalls[best] };
}

function pick(rows: Float32Array, width: number, which: (row: number) => boolean): Float32Array {
  return takeRows(rows, width, [...Array(rows.length / width).keys()].filter(which));
}
