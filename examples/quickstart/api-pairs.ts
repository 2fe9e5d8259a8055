/** The quickstart's data: pairs of *description -> API*, from the declarations that every machine with TypeScript has. */
import { hash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { type ApiDeclaration, findDeclarations, SIGNATURE_LENGTH } from "./api-declarations.ts";
import { cleanDescription, maskName, splitWords } from "./query-text.ts";

/** A description and the API it describes. */
export interface ApiPair {
  /** The symbol: one API, one pair, one document. */
  readonly id: string;
  /** `container.name`. */
  readonly symbol: string;
  /** The description, the API's own name and each word of it masked. */
  readonly query: string;
  /** `symbol: signature`: what is indexed. */
  readonly document: string;
  /** The module, namespace, class or interface that holds it, names joined by dots; empty for a global. */
  readonly container: string;
  readonly name: string;
  /** Without comments; overloads one after another, as far as the bound reaches. */
  readonly signature: string;
}

export interface ApiSplit {
  readonly train: readonly ApiPair[];
  readonly dev: readonly ApiPair[];
  readonly test: readonly ApiPair[];
}

/** Pairs held out on each of two sides: never seen in training, or in the tokenizer's. */
const HELD_OUT = 800;

const FEWEST_WORDS = 3;

/** Reads the installed `typescript/lib/*.d.ts` and `@types/node`. The same packages give the same pairs and sides. */
export async function extractApiPairs(): Promise<ApiSplit> {
  const { resolve } = createRequire(import.meta.url);
  const folders = [
    { folder: dirname(resolve("typescript")), recursive: false },
    { folder: dirname(resolve("@types/node/package.json")), recursive: true },
  ];
  const declarations: ApiDeclaration[] = [];
  for (const { folder, recursive } of folders) {
    const names = (await readdir(folder, { recursive })).filter((name) => name.endsWith(".d.ts"));
    for (const name of names.sort()) {
      declarations.push(...findDeclarations(name, await readFile(join(folder, name), "utf8")));
    }
  }
  return splitApiPairs(pairDeclarations(declarations), HELD_OUT);
}

/**
 * Merges the declarations of each symbol (overloads; the DOM and the worker library repeat each other), and pairs them with the
 * first description that says something without the name.
 */
export function pairDeclarations(declarations: readonly ApiDeclaration[]): readonly ApiPair[] {
  const bySymbol = Map.groupBy(declarations, ({ path }) => path.join("."));
  return [...bySymbol].flatMap(([symbol, merged]) => {
    const { path } = merged[0];
    const name = path.at(-1)!;
    const query = merged
      .flatMap(({ comments }) => comments)
      .map((comment) => maskName(cleanDescription(comment), name))
      .find((query) => splitWords(query).length >= FEWEST_WORDS);
    if (query === undefined) return [];
    const signatures = new Set(merged.map(({ signature }) => signature));
    const signature = [...signatures].join("; ").slice(0, SIGNATURE_LENGTH);
    return {
      id: symbol,
      symbol,
      query,
      document: `${symbol}: ${signature}`,
      container: path.slice(0, -1).join("."),
      name,
      signature,
    };
  });
}

/**
 * Holds out `heldOut` pairs for test and as many for dev, by hash. Pairs that share a symbol or a text, directly or through
 * others, stay on one side.
 */
export function splitApiPairs(pairs: readonly ApiPair[], heldOut: number): ApiSplit {
  const groups = groupPairs(pairs)
    .map((group) => ({ group, place: hash("sha256", group.map(({ id }) => id).sort()[0]) }))
    .sort((a, b) => (a.place < b.place ? -1 : 1));
  const sides = { test: [] as ApiPair[], dev: [] as ApiPair[], train: [] as ApiPair[] };
  const { test, dev, train } = sides;
  for (const { group } of groups) {
    const side = [test, dev].find(({ length }) => length + group.length <= heldOut) ?? train;
    side.push(...group);
  }
  return sides;
}

/** The connected components of pairs that share a symbol, a query or a document (union-find with path halving). */
function groupPairs(pairs: readonly ApiPair[]): readonly (readonly ApiPair[])[] {
  const parent = pairs.map((_, i) => i);
  const find = (i: number): number => {
    while (parent[i] !== i) {
      parent[i] = parent[parent[i]];
      i = parent[i];
    }
    return i;
  };
  const first = new Map<string, number>();
  pairs.forEach((pair, i) => {
    for (const field of ["symbol", "query", "document"] as const) {
      // By words: `window` and `Window` would tell of each other.
      const key = `${field} ${splitWords(pair[field]).join(" ")}`;
      const other = first.get(key);
      if (other === undefined) first.set(key, i);
      else parent[find(i)] = find(other);
    }
  });
  return [...Map.groupBy(pairs, (_, i) => find(i)).values()];
}
