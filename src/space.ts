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

/** Whether what a file says is a space. */
export function isSpace(value: unknown): value is Space {
  const { id, dims, similarity } = (value ?? {}) as Record<string, unknown>;
  const isWidth = Number.isSafeInteger(dims) && (dims as number) >= 1 && (dims as number) <= 65_536;
  return typeof id === "string" && isWidth && (similarity === "cosine" || similarity === "dot");
}

/** How nearly vectors are those of another model, measured on texts that nothing was fitted to. */
export interface Agreement {
  readonly texts: number;
  /** Mean cosine of the two vectors of a text; absent where they are not equally wide. */
  readonly cosine?: number;
  /** Share of the 10 nearest other texts that both find. */
  readonly overlap: number;
}

/** That a model was fitted to a space which is not its own: it may query what lies there. */
export interface Fit {
  readonly space: Space;
  /** The model whose space it is, by name. */
  readonly teacher: string;
  readonly agreement: Agreement;
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

/**
 * Refuses queries of a model that is neither the store's nor fitted to its space.
 * @returns how it was fitted, where it is not the store's own
 * @throws mismatch, naming both spaces
 */
export function requireQuerySpace(
  store: Named<Space>,
  { fitted, ...model }: Named<Space> & { readonly fitted?: Fit },
): Fit | undefined {
  if (fitted?.space.id === store.space.id && store.space.id !== model.space.id) {
    const { dims } = model.space;
    requireSameSpace(store, { name: model.name, space: { ...fitted.space, dims } });
    return fitted;
  }
  requireSameSpace(store, model);
  return undefined;
}

export function describeSpace({ id, dims, similarity }: Space): string {
  return `${id.slice(0, 19)}…, ${dims} dimensions, ${similarity}`;
}
