/** Which of a teacher's layers a student gets. */
import { NearfoldError } from "../errors.ts";

/** How many, or which ones, from 0. */
export type LayerChoice = { readonly count: number } | { readonly layers: readonly number[] };

/**
 * The numbers of the layers: those that are named; or so many, evenly spaced from the first to the last (as DistilBERT takes every second
 * one; Sanh et al., arXiv:1910.01108 §3), of one only the first.
 * @param total how many the teacher has
 * @throws bad-argument for more than there are
 */
export function chooseLayers(choice: LayerChoice, total: number): readonly number[] {
  if ("layers" in choice) return choice.layers;
  const { count } = choice;
  if (Number.isInteger(count) && count >= 1 && count <= total) {
    const step = (total - 1) / Math.max(1, count - 1);
    return Array.from({ length: count }, (_, i) => Math.round(i * step));
  }
  throw new NearfoldError("bad-argument", "the teacher does not have so many layers", {
    got: `${count}`,
    wanted: `1 to ${total}`,
  });
}
