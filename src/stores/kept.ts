/** How a store keeps its vectors, and what of it stands in its manifest. */
import { NearfoldError } from "../errors.ts";
import type { Space } from "../space.ts";
import {
  bytesPerVector,
  type CalibratedScheme,
  calibrateScheme,
  formatScheme,
  RESCORING_MULTIPLIER,
  type VectorFormat,
  type VectorScheme,
} from "../vectors/index.ts";
import { parseQuantizer, toRecord } from "../vectors/record.ts";

/** Calibrated formats, and how a search goes over them. */
export interface Kept extends CalibratedScheme {
  /** Candidates of the first pass for each hit, where there is a second. */
  readonly multiplier: number;
}

/** As they come: float32, all dimensions. */
export function keptAsTheyAre(space: Space): Kept {
  const exact = { search: { type: "float32", dims: space.dims } } as const;
  const { similarity, dims: width } = space;
  const scheme = calibrateScheme(exact, new Float32Array(0), { similarity, width });
  return { ...scheme, multiplier: RESCORING_MULTIPLIER };
}

export function schemeOf({ search, rescore }: CalibratedScheme): VectorScheme {
  return { search: search.format, ...(rescore && { rescore: rescore.format }) };
}

export function isAsTheyAre({ search, rescore }: CalibratedScheme, { dims }: Space): boolean {
  return !rescore && isWhole(search.format, dims);
}

function isWhole(format: VectorFormat, dims: number): boolean {
  return format.type === "float32" && format.dims === dims;
}

/** Bytes of a vector in the file that is searched, and in the one that is rescored by. */
export function rowBytes({ search, rescore }: CalibratedScheme) {
  return {
    search: bytesPerVector(search.format),
    rescore: rescore && bytesPerVector(rescore.format),
  };
}

/** @throws mismatch unless a store that is there keeps vectors in the formats asked for */
export function requireSameScheme(name: string, there: VectorScheme, asked: VectorScheme): void {
  const [wanted, got] = [there, asked].map((scheme) => formatScheme(scheme));
  if (wanted === got) return;
  throw new NearfoldError("mismatch", "the index keeps its vectors in another format", {
    at: name,
    got,
    wanted,
    hint: "Leave the format out to go on as it is, or build the index anew",
  });
}

export function toKeptRecord({ search, rescore, multiplier }: Kept) {
  return { search: toRecord(search), ...(rescore && { rescore: toRecord(rescore) }), multiplier };
}

/** @throws bad-input; `at` names the file */
export function parseKept(value: unknown, at: string, space: Space): Kept {
  const { search, rescore, multiplier } = (value ?? {}) as Partial<Record<string, unknown>>;
  if (!Number.isSafeInteger(multiplier) || (multiplier as number) < 1) {
    const got = JSON.stringify(multiplier) ?? "nothing";
    const wanted = "a whole number of candidates for each hit";
    throw new NearfoldError("bad-input", "not the record of an index", { at, got, wanted });
  }
  return {
    search: parseQuantizer(search, at, space),
    ...(rescore !== undefined && { rescore: parseQuantizer(rescore, at, space) }),
    multiplier: multiplier as number,
  };
}
