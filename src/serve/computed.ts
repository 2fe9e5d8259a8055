/** Between what is asked for and what models give: pure steps of a service. */
import type { CacheUse } from "./cache/vector-cache.ts";
import type { Computed, EmbedRequest, Input } from "./embed-request.ts";
import type { ServedTower } from "./served-model.ts";

export function towerOf({ model, prompt = "document" }: EmbedRequest): ServedTower {
  return model.towers[prompt];
}

/** What a vector depends on beside the text: models of one space are the same, and so are towers that are one with prompts that are equal. */
export function kindOf({ model, prompt, truncateSide = "right" }: EmbedRequest): string {
  const { query, document } = model.towers;
  const apart = prompt === "query" && query.sessions !== document.sessions;
  const before = prompt ? model.prompts[prompt] : "";
  return JSON.stringify([model.space.id, apart ? "query" : "document", before, truncateSide]);
}

export function ranAll(computed: Computed): Computed & CacheUse {
  return { ...computed, cached: 0, ranTokens: sumOf(computed.counts) };
}

export function countsOf({ counts }: Computed, inputs: readonly Input[]) {
  const characters = inputs.reduce((sum, { length }) => sum + length, 0);
  return { inputs: inputs.length, tokens: sumOf(counts), characters };
}

export function sumOf(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0);
}

/** Rows `[R, width]` at their places among `[count, width]`, 0 elsewhere. */
export function spreadRows(
  found: Float32Array,
  { rows, count }: { readonly rows: readonly number[]; readonly count: number },
): Float32Array<ArrayBuffer> {
  const width = found.length / rows.length;
  const all = new Float32Array(count * width);
  rows.forEach((row, i) => {
    all.set(found.subarray(i * width, (i + 1) * width), row * width);
  });
  return all;
}

/** Brings each row to length 1, in place. */
export function toUnitLength(vectors: Float32Array, dims: number): void {
  for (let start = 0; start < vectors.length; start += dims) {
    const row = vectors.subarray(start, start + dims);
    const scale = 1 / Math.max(Math.hypot(...row), 1e-12);
    for (let i = 0; i < dims; i++) row[i] *= scale;
  }
}
