/** A student of another shape than its teacher: what a config says, begun at random but for the embeddings. */
import { NearfoldError } from "../errors.ts";
import { fillNormal } from "../graph/rng.ts";
import { newCard } from "../models/card.ts";
import { weightShapes } from "../models/checkpoint.ts";
import { configReader } from "../models/config.ts";
import { poolingHead } from "../models/head.ts";
import type { Model } from "../models/model.ts";
import { architectureOf } from "../models/registry.ts";
import { floats, sizeOf, type Tensor } from "../tensor/tensor.ts";
import { alongAxes, principalAxes } from "./principal-axes.ts";

export interface NarrowStudentOptions {
  readonly name: string;
  /** Of the weights that begin at random. @default 42 */
  readonly seed?: number;
}

/** What transformers' models begin with (`initializer_range`). */
const STD = 0.02;

/**
 * A model of a `config.json` over the teacher's tokenizer, pooled as the teacher is. Tables of embeddings that the teacher has too begin as
 * its own, along their principal axes where they are narrower; other weights at N(0, 0.02²), norms at 1, biases at 0.
 * @throws mismatch for a vocabulary that is not the teacher's; as the architecture's config
 */
export function narrowStudent(
  teacher: Model,
  configJson: Readonly<Record<string, unknown>>,
  { name, seed = 42 }: NarrowStudentOptions,
): Model {
  const architecture = architectureOf(configJson.model_type, name);
  const config = architecture.parseConfig(configReader(configJson, name));
  const { tokenizer } = teacher;
  if (architecture.vocabSize(config) < tokenizer.vocabSize) {
    throw new NearfoldError(
      "mismatch",
      "the student has fewer tokens than the teacher's tokenizer",
      {
        at: name,
        got: `vocab_size ${architecture.vocabSize(config)}`,
        wanted: `at least ${tokenizer.vocabSize}`,
        hint: "It reads texts by the teacher's tokenizer: their ids must mean the same",
      },
    );
  }
  const head = poolingHead(teacher.head.pooling[0] ?? "mean");
  const tables = sharedTables(teacher, architecture.tables, architecture.width(config));
  const weights = [...weightShapes(architecture, config, head)].map(([weight, shape], i) => {
    const known = tables.get(weight);
    const fits = known && `${known.shape}` === `${shape}`;
    return [weight, fits ? known : begun(weight, shape, seed, i)] as const;
  });
  const width = architecture.width(config);
  return {
    ...{ name, architecture, config, configJson, head, tokenizer },
    maxTokens: Math.min(teacher.maxTokens, architecture.maxTokens(config)),
    prompts: teacher.prompts,
    weights: new Map(weights),
    card: newCard(width, teacher.prompts, teacher.card.space.similarity),
  };
}

/** The teacher's tables, all along the axes of its first: they are added up. */
function sharedTables(
  { weights }: Model,
  names: readonly string[],
  width: number,
): ReadonlyMap<string, Tensor<"float32">> {
  const first = weights.get(names[0] ?? "");
  if (!first || first.shape[1] < width) return new Map();
  const axes = first.shape[1] > width ? principalAxes(first, width) : undefined;
  const found = names.flatMap((name) => {
    const table = weights.get(name);
    if (!table || table.shape[1] !== first.shape[1]) return [];
    return [[name, axes ? alongAxes(table, axes) : table] as const];
  });
  return new Map(found);
}

function begun(
  name: string,
  shape: readonly number[],
  seed: number,
  place: number,
): Tensor<"float32"> {
  const data = new Float32Array(sizeOf(shape));
  if (shape.length === 1) return floats(name.endsWith("bias") ? data : data.fill(1), shape);
  return floats(fillNormal(data, { seed, stream: [place], std: STD }), shape);
}
