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
 * @throws mismatch naming tensors that are missing, of another shape, or unknown
 */
export async function readCheckpoint(
  file: Safetensors,
  at: string,
  architecture: Architecture,
  config: unknown,
): Promise<Map<string, Tensor<"float32">>> {
  const wanted = weightShapes(architecture, config);
  const stored = storedNames(file, at, architecture);
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

function refuse(at: string, what: string, names: readonly string[]): void {
  if (names.length === 0) return;
  const more = names.length > NAMED ? `, and ${names.length - NAMED} more` : "";
  throw new NearfoldError("mismatch", what, { at, got: names.slice(0, NAMED).join("; ") + more });
}
