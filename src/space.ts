/** Which vectors may be compared: those of one space. */
import { NearfoldError } from "./errors.ts";

/**
 * What produced a vector: a fingerprint of weights, tokenizer, pooling, prompts and limits. A prefix of a vector trained by Matryoshka is
 * of the same id at fewer dims.
 */
export interface Space {
  /** `sha256:` and 64 hexadecimal digits. */
  readonly id: string;
  readonly dims: number;
  /** How two vectors are compared; unit vectors make the two the same. */
  readonly similarity: "cosine" | "dot";
}

/** The model's name beside its space, for messages. */
export interface Named<T> {
  readonly name: string;
  readonly space: T;
}

/**
 * Refuses to mix vectors of two spaces.
 * @throws mismatch, naming both spaces
 */
export function requireSameSpace(store: Named<Space>, model: Named<Space>): void {
  const [a, b] = [store.space, model.space];
  if (a.id === b.id && a.dims === b.dims && a.similarity === b.similarity) return;
  throw new NearfoldError("mismatch", "these vectors are of another space", {
    at: store.name,
    got: `${describeSpace(b)} (${model.name})`,
    wanted: describeSpace(a),
    hint:
      a.id === b.id
        ? `Ask for ${a.dims} dimensions, or index again`
        : "Use the model that filled the index, or index again with this one",
  });
}

export function describeSpace({ id, dims, similarity }: Space): string {
  return `${id.slice(0, 19)}…, ${dims} dimensions, ${similarity}`;
}
