/** The vectors of a teacher for texts: those that are known, and the missing ones computed. */
import { throwIfAborted } from "../errors.ts";
import type { Role } from "../models/model.ts";
import { floats, type Tensor } from "../tensor/tensor.ts";
import type { Teacher } from "./teacher.ts";
import { keyOf, type VectorCache } from "./vector-cache.ts";

/** Texts between two additions to the cache: what a kill loses. */
const PART = 512;

export interface TeachTextsOptions {
  /** @default "document" */
  readonly role?: Role;
  readonly signal?: AbortSignal;
  /** How many of the missing texts were embedded; first none. */
  readonly onProgress?: (progress: { readonly done: number; readonly total: number }) => void;
}

/**
 * A vector for each text, `[N, dims]`, from the cache; what is missing there is computed and added, part by part, so that a run that was
 * killed goes on from there. Texts that are equal are computed once.
 * @throws aborted; mismatch for a teacher that changes its width or gives another number of vectors; as `Teacher.embed`
 */
export async function teachTexts(
  teacher: Teacher,
  cache: VectorCache,
  texts: readonly string[],
  { role = "document", signal, onProgress }: TeachTextsOptions = {},
): Promise<Tensor<"float32">> {
  const keys = texts.map((text) => keyOf(text, role));
  const missing = new Map<string, string>();
  keys.forEach((key, i) => {
    if (!cache.get(key)) missing.set(key, texts[i]);
  });
  // Longest first: what is left is overestimated, never underestimated.
  const wanted = [...missing].sort(([, a], [, b]) => b.length - a.length);
  // What follows is timed from here.
  if (wanted.length > 0) onProgress?.({ done: 0, total: wanted.length });
  for (let done = 0; done < wanted.length; done += PART) {
    throwIfAborted(signal, `asking the teacher, at text ${done} of ${wanted.length},`);
    const part = wanted.slice(done, done + PART);
    const made = await teacher.embed(
      part.map(([, text]) => text),
      { role, ...(signal && { signal }) },
    );
    await cache.add(
      part.map(([key]) => key),
      made.vectors,
      made.dims,
    );
    onProgress?.({ done: done + part.length, total: wanted.length });
  }
  const { dims = 0 } = cache;
  const all = new Float32Array(texts.length * dims);
  keys.forEach((key, i) => {
    all.set(cache.get(key)!, i * dims);
  });
  return floats(all, [texts.length, dims]);
}
