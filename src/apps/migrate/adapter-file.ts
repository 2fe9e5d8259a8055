/** A drift adapter on disk: one file beside the index it asks, named after the space of the model that asks. */
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { asIoError } from "../../durable.ts";
import { NearfoldError } from "../../errors.ts";
import { describeSpace, isSpace, type Space } from "../../space.ts";
import { floats, parseSafetensors, writeSafetensors } from "../../tensor/index.ts";
import type { DriftMap } from "../../vectors/drift-map.ts";
import type { DriftRecall } from "../../vectors/drift-recall.ts";

/** A map, whose vectors it takes, whose index it asks, and what was measured on texts that it was not fitted on. */
export interface Adapter {
  readonly map: DriftMap;
  /** Of the model that asks. */
  readonly asking: Space;
  /** Of the index. */
  readonly asked: Space;
  /** The index's own model, by name. */
  readonly model: string;
  /** Texts that it was fitted on. */
  readonly texts: number;
  readonly measured: DriftRecall & {
    readonly queries: number;
    /** Among how many the queries were looked for. */
    readonly documents: number;
  };
}

const FORMAT = "nearfold-adapter";
const VERSION = "1";
const FOLDER = "adapters";
/** Two widths of 65,536 would be more than any model has. */
const MAX_BYTES = 2 ** 28;

export function adapterPath(index: string, { id, dims }: Space): string {
  return join(index, FOLDER, `${id.replace(/^sha256:/, "").slice(0, 16)}-${dims}.safetensors`);
}

/** @throws io */
export async function saveAdapter(index: string, { map, ...record }: Adapter): Promise<void> {
  const { how, from, to, matrix, shift } = map;
  const tensors = new Map([
    ["matrix", floats(matrix, [to, from])],
    ["shift", floats(shift, [to])],
  ]);
  const metadata = {
    format: FORMAT,
    version: VERSION,
    adapter: JSON.stringify({ how, ...record }),
  };
  await writeSafetensors(adapterPath(index, record.asking), tensors, { metadata });
}

/**
 * The adapter by which a model may ask an index, where there is one.
 * @throws bad-input for a file that is damaged or not an adapter; mismatch for one of other spaces
 */
export async function findAdapter(
  index: string,
  { asking, asked }: Readonly<Record<"asking" | "asked", Space>>,
): Promise<Adapter | undefined> {
  const path = adapterPath(index, asking);
  const found = await stat(path).catch(() => undefined);
  if (!found) return undefined;
  if (!found.isFile() || found.size > MAX_BYTES) {
    throw malformed(path, `${found.size} bytes`, `a file of at most ${MAX_BYTES}`);
  }
  const bytes = await readFile(path).catch((cause) => {
    throw asIoError(cause, path, "read");
  });
  const adapter = parseAdapter(bytes, path);
  for (const side of ["asking", "asked"] as const) {
    const [is, wanted] = [adapter[side], { asking, asked }[side]];
    if (is.id === wanted.id && is.dims === wanted.dims) continue;
    throw new NearfoldError("mismatch", "the adapter is of another space", {
      at: path,
      got: describeSpace(is),
      wanted: describeSpace(wanted),
      hint: "Fit it anew: nearfold migrate INDEX --to MODEL --adapter",
    });
  }
  return adapter;
}

/** @throws bad-input; unsupported for another version; `at` names the file */
export function parseAdapter(bytes: Uint8Array, at: string): Adapter {
  const { tensors, metadata } = parseSafetensors(bytes, { at });
  if (metadata.format !== FORMAT) throw malformed(at, `format ${metadata.format}`, FORMAT);
  if (metadata.version !== VERSION) {
    const [got, hint] = [String(metadata.version), "Update nearfold, or fit it anew"];
    throw new NearfoldError("unsupported", "another version wrote this", { at, got, hint });
  }
  const { how, asking, asked, model, texts, measured } = parseJson(metadata.adapter, at);
  if (!isSpace(asking) || !isSpace(asked)) throw malformed(at, "no spaces", "two spaces");
  if (typeof how !== "string" || typeof model !== "string" || !isCount(texts)) {
    throw malformed(at, "no record", "how, model and texts");
  }
  if (!isMeasured(measured)) throw malformed(at, "no figures", "what was measured");
  const matrix = numbersOf(tensors.get("matrix"), [asked.dims, asking.dims]);
  const shift = numbersOf(tensors.get("shift"), [asked.dims]);
  if (!matrix || !shift) {
    throw malformed(at, "other tensors", `matrix [${asked.dims}, ${asking.dims}] and shift`);
  }
  const map = { how, from: asking.dims, to: asked.dims, matrix, shift };
  return { map, asking, asked, model, texts, measured };
}

type Stored =
  ReturnType<typeof parseSafetensors>["tensors"] extends ReadonlyMap<string, infer T> ? T : never;

/** Undefined unless it is of that shape, and all numbers. */
function numbersOf(found: Stored | undefined, shape: readonly number[]): Float32Array | undefined {
  if (found?.dtype !== "float32" || found.shape.join() !== shape.join()) return undefined;
  const data = found.data as Float32Array;
  return data.every(Number.isFinite) ? data : undefined;
}

function parseJson(text: string | undefined, at: string): Partial<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text ?? "");
    if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  } catch {}
  throw malformed(at, "no record", "JSON in its metadata");
}

function isMeasured(value: unknown): value is Adapter["measured"] {
  const { recall, agreement, own, queries, documents } = (value ?? {}) as Record<string, unknown>;
  const isShare = (share: unknown) => typeof share === "number" && share >= 0 && share <= 1;
  return [recall, agreement, own].every(isShare) && isCount(queries) && isCount(documents);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function malformed(at: string, got: string, wanted: string): NearfoldError {
  const hint = "Fit it anew: nearfold migrate INDEX --to MODEL --adapter";
  return new NearfoldError("bad-input", "not an adapter", { at, got, wanted, hint });
}
