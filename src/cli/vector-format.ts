/** `--vectors`: how an index keeps its vectors, what that was calibrated on, and what it costs. */
import { Option } from "commander";
import type { Encoder } from "../encoder/index.ts";
import { NearfoldError } from "../errors.ts";
import { type Rng, sequence } from "../graph/rng.ts";
import type { Named, Space } from "../space.ts";
import { type Kept, RecallProbe } from "../stores/index.ts";
import { unitRows } from "../tensor/rows.ts";
import {
  calibrateScheme,
  checkCollapse,
  describeCollapse,
  fitScheme,
  parseScheme,
  RESCORING_MULTIPLIER,
  type SchemeChoice,
} from "../vectors/index.ts";
import { type Context, wholeNumber } from "./command.ts";
import { encodeAll } from "./encoding.ts";

export interface VectorOptions {
  readonly vectors?: string;
  readonly rescore?: number;
}

export const vectorOptions = [
  new Option(
    "--vectors <format>",
    "keep them as float32, int8 or binary; @128 takes the first 128 dimensions, +int8 keeps a finer one to rescore by: int8@128, binary+int8",
  ),
  new Option(
    "--rescore <n>",
    "candidates for each hit that are scored again (default: 4)",
  ).argParser(wholeNumber(1)),
] as const;

/** @throws bad-argument for what is no format, or a multiplier without one */
export function chooseScheme({ vectors, rescore }: VectorOptions): SchemeChoice | undefined {
  if (vectors !== undefined) return parseScheme(vectors);
  if (rescore === undefined) return undefined;
  throw new NearfoldError("bad-argument", "--rescore has nothing to do with float32 vectors", {
    wanted: "--vectors FORMAT beside it",
  });
}

/** The dimensions to encode: what the widest format of a scheme takes; undefined for all. */
export function widestOf({ search, rescore }: SchemeChoice): number | undefined {
  const widths = [search, ...(rescore ? [rescore] : [])].map(({ dims }) => dims ?? Infinity);
  const most = Math.max(...widths);
  return most === Infinity ? undefined : most;
}

/** Documents that formats are calibrated and checked on, and how many of them serve as queries in the end. */
const SAMPLE = 1024;
const PROBES = 100;
const SEED = 42;

/** Draws some of a stream of unknown length, each with the same chance (reservoir sampling; Vitter 1985, algorithm R). */
export class Sample<Row> {
  readonly #next: Rng = sequence(SEED);
  readonly #rows: Row[] = [];
  #seen = 0;

  offer(row: Row): void {
    const place = this.#seen < SAMPLE ? this.#seen : Math.floor(this.#next() * (this.#seen + 1));
    if (place < SAMPLE) this.#rows[place] = row;
    this.#seen++;
  }

  get rows(): readonly Row[] {
    return this.#rows;
  }
}

/** What is known before the first document goes into the index. */
export interface Calibration {
  readonly kept: Kept;
  readonly probe: RecallProbe;
  readonly warnings: readonly string[];
}

/**
 * Encodes a sample, calibrates on it and says what the format will cost.
 * @throws bad-argument for a format that does not fit the model
 */
export async function calibrateOn(
  sample: readonly { readonly id: string; readonly text: string }[],
  choice: SchemeChoice,
  { encoder, model, multiplier = RESCORING_MULTIPLIER }: CalibrateOptions,
  context: Context,
): Promise<Calibration> {
  const { dims, similarity } = model.space;
  const scheme = fitScheme(choice, dims);
  const texts = sample.map(({ text }) => text);
  const unit = "documents of the sample";
  const { vectors } = await encodeAll(encoder, texts, { role: "document", dims, unit }, context);
  const rows = similarity === "cosine" ? unitRows(vectors.slice(), dims) : vectors;
  const options = { similarity, width: dims };
  const kept = { ...calibrateScheme(scheme, rows, options), multiplier };
  const warnings: string[] = [];
  if (sample.length > 1 && scheme.search.type !== "float32") {
    const found = checkCollapse(rows, scheme, { ...options, multiplier });
    context.report({ type: "note", text: describeCollapse(found), data: { sample: found } });
    warnings.push(...found.warnings);
    for (const warning of warnings) {
      context.report({ type: "note", text: `Warning: ${warning}`, data: { warning } });
    }
  }
  const ids = sample.map(({ id }) => id);
  const asked = Math.min(PROBES, ids.length);
  return {
    kept,
    probe: new RecallProbe(ids.slice(0, asked), vectors.subarray(0, asked * dims), model),
    warnings,
  };
}

export interface CalibrateOptions {
  readonly encoder: Encoder;
  readonly model: Named<Space>;
  /** @default 4 */
  readonly multiplier?: number | undefined;
}
