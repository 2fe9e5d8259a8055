/** The tensors of a checkpoint, checked against what the architecture reads. */
import { NearfoldError } from "../errors.ts";
import { inputName } from "../graph/node.ts";
import { paddedLayout } from "../nn/padded-layout.ts";
import { isFloat } from "../tensor/dtype.ts";
import type { Safetensors } from "../tensor/safetensors.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Architecture } from "./architecture.ts";
import { encoderGraph } from "./encoder-graph.ts";
import { type Head, poolingHead } from "./head.ts";

/** Names in a message; the rest is counted. */
const NAMED = 8;

/** Rows compared at a time. */
const ROWS = 1024;

const noLayers = poolingHead("mean", { normalize: false });

/** What the forward pass reads, by name, in the order of first use. */
export function weightShapes(
  architecture: Architecture,
  config: unknown,
  head: Head = noLayers,
): ReadonlyMap<string, readonly number[]> {
  const layout = paddedLayout(head.pooling);
  const { weights } = encoderGraph(architecture, config, head, layout);
  const rows = architecture.vocabSize(config);
  return new Map(
    [...weights.values()].map((value) => [
      inputName(value),
      value.shape.map((dim) => (typeof dim === "number" ? dim : rows)),
    ]),
  );
}

/**
 * Reads the weights as float32, under the architecture's own names.
 * @throws mismatch naming tensors that are missing, of another shape, unknown, or tied and not equal
 */
export async function readCheckpoint(
  file: Safetensors,
  at: string,
  architecture: Architecture,
  config: unknown,
): Promise<Map<string, Tensor<"float32">>> {
  const wanted = weightShapes(architecture, config);
  const stored = await withoutCopies(
    file,
    at,
    storedNames(file, at, architecture),
    architecture.copies?.(config) ?? {},
  );
  refuse(
    at,
    "tensors are missing",
    [...wanted.keys()].filter((name) => !stored.has(name)),
  );
  const unknown = [...stored.keys()].filter(
    (name) => !wanted.has(name) && !architecture.kept?.test(name),
  );
  refuse(at, "tensors that this architecture does not have", unknown);
  refuse(
    at,
    "tensors are of another shape than config.json says",
    [...wanted].flatMap(([name, shape]) => {
      const found = file.info(stored.get(name)!).shape;
      return `${found}` === `${shape}` ? [] : [`${name} [${found}], wanted [${shape}]`];
    }),
  );
  const weights = new Map<string, Tensor<"float32">>();
  for (const [name, there] of stored) {
    if (wanted.has(name) || isFloat(file.info(there).dtype)) {
      weights.set(name, await file.readAsFloat32(there));
    }
  }
  return weights;
}

/** The file's names by the architecture's, without those that are left out. */
function storedNames(
  file: Safetensors,
  at: string,
  { renames = [], dropped }: Architecture,
): Map<string, string> {
  const stored = new Map<string, string>();
  for (const there of file.names) {
    const name = renames.reduce((name, [pattern, by]) => name.replace(pattern, by), there);
    if (dropped?.test(name)) continue;
    const other = stored.get(name);
    if (other !== undefined) {
      const got = `${other} and ${there}`;
      throw new NearfoldError("bad-input", "two tensors are the same weight", { at, got });
    }
    stored.set(name, there);
  }
  return stored;
}

/** The names without those of copies; where only a copy is there, it stands for the weight. @throws mismatch for copies that differ */
async function withoutCopies(
  file: Safetensors,
  at: string,
  stored: ReadonlyMap<string, string>,
  copies: Readonly<Record<string, string>>,
): Promise<Map<string, string>> {
  const left = new Map(stored);
  for (const [copy, name] of Object.entries(copies)) {
    const [there, own] = [left.get(copy), left.get(name)];
    if (there === undefined) continue;
    left.delete(copy);
    if (own === undefined) left.set(name, there);
    else if (!(await sameNumbers(file, there, own))) {
      const got = `${there} and ${own}`;
      throw new NearfoldError("mismatch", "config.json ties two weights that differ", { at, got });
    }
  }
  return left;
}

/** Read a part at a time: both may be the largest weights of a model. */
async function sameNumbers(file: Safetensors, a: string, b: string): Promise<boolean> {
  const { shape } = file.info(a);
  if (`${shape}` !== `${file.info(b).shape}`) return false;
  for (let from = 0; from < shape[0]; from += ROWS) {
    const rows = [from, Math.min(from + ROWS, shape[0])] as const;
    const one = await file.readAsFloat32(a, { rows });
    const other = await file.readAsFloat32(b, { rows });
    if (!one.data.every((x, i) => x === other.data[i])) return false;
  }
  return true;
}

function refuse(at: string, what: string, names: readonly string[]): void {
  if (names.length === 0) return;
  const more = names.length > NAMED ? `, and ${names.length - NAMED} more` : "";
  throw new NearfoldError("mismatch", what, { at, got: names.slice(0, NAMED).join("; ") + more });
}
