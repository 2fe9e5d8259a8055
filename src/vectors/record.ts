/** Quantizers as JSON: what an index records beside its codes. */
import { NearfoldError } from "../errors.ts";
import type { Space } from "../space.ts";
import type { Quantizer } from "./kind.ts";
import { vectorKinds } from "./registry.ts";

export interface QuantizerRecord {
  readonly type: string;
  readonly dims: number;
  /** Little-endian float32 in base64, as many as dimensions, or none. */
  readonly offset: string;
  readonly scale: string;
}

export function toRecord({ format, offset, scale }: Quantizer): QuantizerRecord {
  return { ...format, offset: toBase64(offset), scale: toBase64(scale) };
}

/** @throws bad-input, naming what is wrong; `at` names the file */
export function parseQuantizer(
  value: unknown,
  at: string,
  { similarity, dims: width }: Pick<Space, "similarity" | "dims">,
): Quantizer {
  const { type, dims, offset, scale } = (value ?? {}) as Partial<Record<string, unknown>>;
  const wrong = (got: unknown, wanted: string) =>
    new NearfoldError("bad-input", "not the record of a format of vectors", {
      at,
      got: (JSON.stringify(got) ?? "nothing").slice(0, 80),
      wanted,
    });
  if (typeof type !== "string" || !Object.hasOwn(vectorKinds, type)) {
    throw wrong(type, Object.keys(vectorKinds).join(", "));
  }
  if (!Number.isSafeInteger(dims) || (dims as number) < 1 || (dims as number) > width) {
    throw wrong(dims, `1 to ${width} dimensions`);
  }
  const format = { type: type as keyof typeof vectorKinds, dims: dims as number };
  const length = format.type === "float32" ? 0 : format.dims;
  const [offsets, scales] = [offset, scale].map((text) => fromBase64(text, length));
  if (!offsets) throw wrong(offset, `${length} finite numbers in base64`);
  if (!scales) throw wrong(scale, `${length} finite numbers in base64`);
  return { format, similarity, offset: offsets, scale: scales };
}

function toBase64(numbers: Float32Array): string {
  const bytes = new DataView(new ArrayBuffer(4 * numbers.length));
  numbers.forEach((x, i) => {
    bytes.setFloat32(4 * i, x, true);
  });
  return Buffer.from(bytes.buffer).toString("base64");
}

/** Undefined unless it is so many finite numbers. */
function fromBase64(text: unknown, length: number): Float32Array | undefined {
  if (typeof text !== "string" || text.length !== 4 * Math.ceil((4 * length) / 3)) return undefined;
  const bytes = Buffer.from(text, "base64");
  if (bytes.length !== 4 * length) return undefined;
  const numbers = Float32Array.from({ length }, (_, i) => bytes.readFloatLE(4 * i));
  return numbers.every(Number.isFinite) ? numbers : undefined;
}
