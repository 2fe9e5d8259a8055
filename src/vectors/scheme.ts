/** How vectors are kept, written as text: `int8`, `binary@256`, `binary+int8`. */
import { NearfoldError } from "../errors.ts";
import type { VectorFormat, VectorType } from "./kind.ts";
import { vectorKinds } from "./registry.ts";

/** What is searched, and, where it is kept beside it, what the best of that search are scored by again. */
export interface VectorScheme {
  readonly search: VectorFormat;
  readonly rescore?: VectorFormat;
}

/** A scheme before the width of the vectors is known; without `dims` it takes all of them. */
export interface SchemeChoice {
  readonly search: FormatChoice;
  readonly rescore?: FormatChoice;
}

export interface FormatChoice {
  readonly type: VectorType;
  readonly dims?: number;
}

const WANTED = `${Object.keys(vectorKinds).join(", ")}; "@128" behind it takes the first 128 dimensions, "+int8" a finer one to rescore by`;

/**
 * Reads `TYPE[@DIMS][+TYPE[@DIMS]]`: `int8`, `int8@128`, `binary+int8`, `binary@256+float32`.
 * @throws bad-argument
 */
export function parseScheme(text: string): SchemeChoice {
  const [search, rescore, ...more] = text.split("+").map((part) => parseFormat(part, text));
  if (more.length > 0) throw malformed(text);
  return { search, ...(rescore && { rescore }) };
}

/**
 * The scheme for vectors of `width` dimensions.
 * @throws bad-argument for more dimensions than there are, or rescoring by what says no more than what is searched
 */
export function fitScheme({ search, rescore }: SchemeChoice, width: number): VectorScheme {
  const scheme = {
    search: fitFormat(search, width),
    ...(rescore && { rescore: fitFormat(rescore, width) }),
  };
  if (!scheme.rescore || isFiner(scheme.rescore, scheme.search)) return scheme;
  throw new NearfoldError(
    "bad-argument",
    "what is rescored by is not finer than what is searched",
    {
      got: formatScheme(scheme),
      wanted: "the finer one behind the +",
    },
  );
}

/** The text that `parseScheme` reads; dimensions are left out where all of `width` are taken. */
export function formatScheme({ search, rescore }: SchemeChoice, width?: number): string {
  const format = ({ type, dims }: FormatChoice) =>
    dims === undefined || dims === width ? type : `${type}@${dims}`;
  return [search, ...(rescore ? [rescore] : [])].map(format).join("+");
}

function parseFormat(part: string, text: string): FormatChoice {
  const [, type, digits] = /^([a-z0-9]+)(?:@([1-9]\d{0,5}))?$/.exec(part.trim()) ?? [];
  if (type === undefined || !Object.hasOwn(vectorKinds, type)) throw malformed(text);
  return { type: type as VectorType, ...(digits && { dims: Number(digits) }) };
}

function fitFormat({ type, dims = Number.NaN }: FormatChoice, width: number): VectorFormat {
  if (Number.isNaN(dims)) return { type, dims: width };
  if (dims <= width) return { type, dims };
  throw new NearfoldError("bad-argument", "a vector has not so many dimensions", {
    got: `${type}@${dims}`,
    wanted: `at most ${width}`,
  });
}

/** Says more: no coarser a type, no fewer dimensions, and more of one of the two. */
function isFiner(a: VectorFormat, b: VectorFormat): boolean {
  const kinds = Object.keys(vectorKinds);
  const [coarser, fewer] = [kinds.indexOf(b.type) - kinds.indexOf(a.type), a.dims - b.dims];
  return coarser >= 0 && fewer >= 0 && coarser + fewer > 0;
}

function malformed(text: string): NearfoldError {
  const got = JSON.stringify(text.slice(0, 60));
  return new NearfoldError("bad-argument", "not a format of vectors", { got, wanted: WANTED });
}
