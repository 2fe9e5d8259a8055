/** What is tried, axis by axis: another value is another line. */
import type { VectorType } from "../vectors/index.ts";
import type { Body, WeightChoice } from "./candidate.ts";

/** The model that is given, as far as the axes ask. */
export interface GivenModel {
  /** @default it has none that could be left out */
  readonly layers?: number;
  /** Widths that its vectors may be cut to, the full one first. */
  readonly dims: readonly number[];
  /** Tokens go through a table alone. */
  readonly isStatic: boolean;
}

/** What decides about formats of weights. */
export interface Processor {
  readonly arch: string;
  /** Products of bytes do not saturate. @default the system does not say */
  readonly vnni?: boolean | undefined;
}

/**
 * How many of the layers a student gets, most first. All of them, where the model's vectors have one width alone: then it learns what
 * it knew, and that the beginning of a vector is a vector too.
 */
const shares: readonly ((model: { layers: number; dims: readonly number[] }) => number)[] = [
  ({ layers, dims }) => (dims.length === 1 ? layers : 0),
  ({ layers }) => Math.ceil(layers / 2),
  ({ layers }) => Math.ceil(layers / 3),
];

/** Counts of layers that are tried unless others are asked for. */
export function layerCounts({ layers = 0, dims }: GivenModel): readonly number[] {
  return [...new Set(shares.map((share) => share({ layers, dims })))].filter((count) => count > 0);
}

/** Of the full width, where the student learns widths. All are multiples of a word of bits. */
const prefixes = [1, 2 / 3, 1 / 2, 1 / 3, 1 / 4, 1 / 6] as const;
const WORD = 32;
/** Of vectors that are narrow themselves. */
const BYTE = 8;

/** The model's own widths, or where it has one, those that a student is taught; the full one first. */
export function studentWidths({ dims }: Pick<GivenModel, "dims">): readonly number[] {
  const [full, ...more] = dims;
  if (more.length > 0) return dims;
  const step = full >= 4 * WORD ? WORD : BYTE;
  const cut = prefixes.slice(1).map((share) => Math.round((share * full) / step) * step);
  return [full, ...new Set(cut.filter((width) => width >= step && width < full))];
}

interface WeightEntry extends Omit<WeightChoice, "name"> {
  /** Why it is not tried on this processor; undefined where it is. */
  readonly unfit?: (on: Processor) => string | undefined;
  /** Why it is tried only when it is asked for by name. */
  readonly asked?: string;
}

const saturates = ({ arch, vnni }: Processor) => arch === "x64" && vnni === false;

/** Formats of weights; those but float32 are `nearfold quantize`'s. */
export const weightAxis: Readonly<Record<string, WeightEntry>> = {
  float32: { bytes: 4 },
  float16: {
    bytes: 2,
    unfit: ({ arch }) =>
      arch === "x64"
        ? "on x86 it only adds casts: products are float32"
        : "weights of 16 bits are for storage: products are float32",
  },
  int8: {
    bytes: 1,
    quantize: ["--weights", "int8"],
    unfit: (on) =>
      saturates(on) ? "without VNNI products of 8 bits saturate: int7 takes its place" : undefined,
  },
  "int8-static": {
    bytes: 1,
    quantize: ["--weights", "int8-static"],
    layersOnly: true,
    unfit: (on) =>
      saturates(on) ? "without VNNI products of 8 bits saturate: int7 takes its place" : undefined,
  },
  int7: {
    bytes: 1,
    quantize: ["--weights", "int7"],
    unfit: (on) =>
      saturates(on) ? undefined : "it is for processors without VNNI: int8 is finer and as fast",
  },
  "int8-block128": {
    bytes: 1,
    quantize: ["--weights", "int8-block128"],
    asked: "slower than int8, for weights with outliers; ask for it with --weights",
  },
  "int4-block32": {
    bytes: 0.5,
    quantize: ["--weights", "int4-block32", "--agreement", "0.9"],
    asked: "slower and coarser than int8, for less memory; ask for it with --weights",
  },
};

/** Searched by the first, rescored by the second, both of the same width: a narrower first pass is `@`'s of the scheme. */
export const vectorAxis: readonly {
  readonly search: VectorType;
  readonly rescore?: VectorType;
}[] = [
  { search: "float32" },
  { search: "int8" },
  { search: "binary", rescore: "float32" },
  { search: "binary", rescore: "int8" },
  { search: "binary" },
];

/** The bodies of a model: itself, its students of so many layers, and a bag of tokens. */
export function bodiesOf(
  model: GivenModel,
  counts: readonly number[],
  withStatic: boolean,
): readonly Body[] {
  const { layers = 0, dims } = model;
  const given: Body = { name: "given", about: "as given", share: 1, widths: dims };
  const widths = studentWidths(model);
  const students = counts.map((count) => ({
    name: `layers-${count}`,
    about: count === layers ? `all ${layers} layers, retaught` : `${count} of ${layers} layers`,
    student: ["--layers", `${count}`],
    share: count / layers,
    widths,
  }));
  const bag = { name: "static", about: "static", student: ["--static"], share: 0, widths };
  return [given, ...students, ...(withStatic ? [bag] : [])];
}
