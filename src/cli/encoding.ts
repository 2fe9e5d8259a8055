/** Texts to vectors, with progress. */
import type { Encoded, Encoder } from "../encoder/index.ts";
import { NearfoldError } from "../errors.ts";
import type { Role } from "../models/model.ts";
import type { Named, Space } from "../space.ts";
import type { Context } from "./command.ts";
import { trackTask } from "./progress.ts";

export interface EncodeAllOptions {
  readonly role: Role;
  readonly dims: number;
  /** What the progress calls them: "documents". */
  readonly unit: string;
}

/** Without a signal, nothing stops it. */
export type EncodeContext = Pick<Context, "report" | "now"> & Partial<Pick<Context, "signal">>;

/** The vectors of all texts. */
export function encodeAll(
  encoder: Encoder,
  texts: readonly string[],
  { role, dims, unit }: EncodeAllOptions,
  { report, signal, now }: EncodeContext,
): Promise<Encoded> {
  const advance = trackTask(report, { task: "encoding", unit, total: texts.length }, now);
  const onProgress = ({ texts }: { readonly texts: number }) => advance(texts);
  return encoder.encode(texts, { role, dims, onProgress, ...(signal && { signal }) });
}

/**
 * The dimensions asked for, or the full width.
 * @throws bad-argument for dimensions that the model was not trained for
 */
export function chooseDims(
  { name, dims, space }: Pick<Encoder, "name" | "dims" | "space">,
  wanted: number | undefined,
  at = "--dims",
): number {
  if (wanted === undefined || dims.includes(wanted)) return wanted ?? space.dims;
  throw new NearfoldError("bad-argument", `${name} was not trained for so many dimensions`, {
    at,
    got: String(wanted),
    wanted: `one of ${dims.join(", ")}`,
  });
}

/** The space of the first `dims` dimensions. */
export function prefixSpace({ name, space }: Encoder, dims: number): Named<Space> {
  return { name, space: { ...space, dims } };
}
