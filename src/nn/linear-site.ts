import { inputName, isInput, type Node, topological, type Value } from "../graph/node.ts";

/** A linear layer of a graph: a product of activations with a weight that is a graph input, whatever built it. */
export interface LinearSite {
  /** The weight's name. */
  readonly weight: string;
  /** Whether the weight is `[out, in]`, as PyTorch stores it, or `[in, out]`. */
  readonly outFirst: boolean;
  readonly in: number;
  readonly out: number;
}

/** The layer that a node computes, if it is one. */
export function siteOf({ op, inputs, attrs }: Node): LinearSite | undefined {
  const [x, weight] = inputs;
  if (!["MatMul", "FusedMatMul", "Gemm"].includes(op) || !x || !weight || !isInput(weight)) return;
  const [rows, columns] = weight.shape;
  const turned = attrs.transA === 1 || attrs.transBatchA === 1;
  const plain = !turned && weight.shape.length === 2;
  if (!plain || typeof rows !== "number" || typeof columns !== "number") return undefined;
  const outFirst = attrs.transB === 1;
  const [out, width] = outFirst ? [rows, columns] : [columns, rows];
  return { weight: inputName(weight), outFirst, in: width, out };
}

/** The layer's name, as checkpoints have it. */
export function layerOf(weight: string): string {
  return weight.replace(/\.weight$/, "");
}

/** What a product scales itself by. */
export function alphaOf({ attrs }: Node): number {
  return (attrs.alpha as { readonly float: number } | undefined)?.float ?? 1;
}

/** The weights that linear layers read, by name, as they lie: `[rows, columns]`. */
export function linearWeights(values: readonly Value[]): Map<string, readonly [number, number]> {
  const sites = topological(values).flatMap((node) => siteOf(node) ?? []);
  return new Map(
    sites.map(({ weight, outFirst, in: width, out }) => [
      weight,
      outFirst ? [out, width] : [width, out],
    ]),
  );
}
