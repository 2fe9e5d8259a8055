/**
 * A dimension is a number, or a name for a number that only the run knows. Products and sums of names are kept in
 * one canonical spelling (`2*B*S`, `M+N`), so that equal expressions are equal strings; parts (`B/2`) stay as they are written.
 */
export type Dim = number | string;
export type Shape = readonly Dim[];

/** A dimension nothing is known of; it equals no other, and may be 1. */
export const UNKNOWN = "?";

/** The product of dimensions: `product(["S", 2, "B"])` is `2*B*S`. */
export function product(dims: Shape): Dim {
  const { factor, names } = factorize(dims);
  if (names.includes(UNKNOWN)) return factor === 0 ? 0 : UNKNOWN;
  return spell(factor, names);
}

/** `whole / part` where the names of the part cancel; unknown otherwise. */
export function quotient(whole: Shape, part: Shape): Dim {
  const left = factorize(whole);
  const right = factorize(part);
  for (const name of right.names) {
    const at = left.names.indexOf(name);
    if (at < 0 || name === UNKNOWN) return UNKNOWN;
    left.names.splice(at, 1);
  }
  const factor = left.factor / right.factor;
  if (left.names.includes(UNKNOWN) || !Number.isFinite(factor)) return UNKNOWN;
  if (Number.isInteger(factor)) return spell(factor, left.names);
  return left.names.length === 0 ? UNKNOWN : `${spell(left.factor, left.names)}/${right.factor}`;
}

/** The sum of dimensions, as a concatenation makes it: `sum(["N", 2, "M"])` is `2+M+N`. */
export function sum(dims: Shape): Dim {
  if (dims.includes(UNKNOWN)) return UNKNOWN;
  const terms = dims.flatMap((dim) => `${dim}`.split("+"));
  const names = terms.filter((term) => !/^-?\d+$/.test(term)).sort();
  const number = terms.reduce((all, term) => all + (names.includes(term) ? 0 : +term), 0);
  if (names.length === 0) return number;
  return [...(number === 0 ? [] : [number]), ...names].join("+");
}

/**
 * The shape of two shapes broadcast together (numpy's rule), or the axis, from the end, where they disagree. A name is
 * taken not to be broadcast: it is never the size 1 beside another size.
 */
export function broadcast(a: Shape, b: Shape): Shape | { readonly clash: number } {
  const rank = Math.max(a.length, b.length);
  const out: Dim[] = [];
  for (let end = 1; end <= rank; end++) {
    const [left, right] = [a.at(-end) ?? 1, b.at(-end) ?? 1];
    const known = typeof left === "number" && typeof right === "number";
    if (known && left !== right && left !== 1 && right !== 1) return { clash: -end };
    out.unshift(knowsMore(left, right) ? left : right);
  }
  return out;
}

/** Of two dimensions that are broadcast together, the one that says more of the result: a size, a name, nothing, 1. */
function knowsMore(left: Dim, right: Dim): boolean {
  const rank = (dim: Dim) =>
    dim === 1 ? 0 : dim === UNKNOWN ? 1 : typeof dim === "string" ? 2 : 3;
  return rank(left) >= rank(right);
}

function factorize(dims: Shape): { factor: number; names: string[] } {
  let factor = 1;
  const names: string[] = [];
  for (const dim of dims) {
    if (typeof dim === "number") factor *= dim;
    else if (dim.includes("/")) names.push(dim);
    else if (dim.includes("+")) names.push(dim.startsWith("(") ? dim : `(${dim})`);
    else
      for (const part of dim.split("*"))
        if (/^\d+$/.test(part)) factor *= +part;
        else names.push(part);
  }
  return { factor, names: names.sort() };
}

function spell(factor: number, names: readonly string[]): Dim {
  if (names.length === 0 || factor === 0) return factor;
  if (factor === 1 && names.length === 1) return (names[0] as string).replace(/^\((.*)\)$/, "$1");
  return [...(factor === 1 ? [] : [factor]), ...names].join("*");
}
