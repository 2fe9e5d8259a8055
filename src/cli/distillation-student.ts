/** The model that learns. */
import {
  alongAxes,
  chooseLayers,
  inverseFrequency,
  type LayerChoice,
  type Lesson,
  narrowStudent,
  principalAxes,
  staticStudent,
  tokenFrequencies,
  tokenOutputs,
  withoutMean,
  withProjection,
} from "../distill/index.ts";
import { NearfoldError } from "../errors.ts";
import {
  adaptModel,
  loadModel,
  locateModel,
  type Model,
  type Weight,
  widthOf,
} from "../models/index.ts";
import { readJsonObject } from "../models/json-file.ts";
import { requireSavable } from "../models/save.ts";
import { layerCount, selectLayers } from "../models/select-layers.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Context } from "./command.ts";
import type { DistillationRecipe } from "./distillation-plan.ts";
import { type ModelOptions, modelFolder } from "./model-reference.ts";
import { trackTask } from "./progress.ts";

export interface StudentOptions extends ModelOptions {
  readonly layers?: LayerChoice;
  readonly static?: boolean;
  readonly arch?: string;
  readonly student?: string;
  readonly dims?: number;
  readonly project?: boolean;
  readonly maxTokens?: number;
  readonly seed: number;
  /** What it is trained to be saved as: with nothing else, the teacher itself. */
  readonly weights?: string;
  readonly tables?: string;
}

/** A student before its teacher was asked, and how it begins. */
export interface Student {
  /** What its card says it is: "layers 0, 2, 5". */
  readonly made: string;
  readonly recipe: DistillationRecipe;
  /** Of its vectors, before any projection. */
  readonly width: number;
  readonly prompts: Model["prompts"];
  readonly begin: (lesson: Lesson) => Promise<Beginning>;
}

export interface Beginning {
  /** It has not learnt yet. */
  readonly model: Model;
  /** The directions of the teacher's vectors that a narrower student learns. @default their own */
  readonly axes?: Tensor<"float32">;
}

/**
 * @param teacher the folder of the teacher; a service has none
 * @throws bad-argument where nothing says what the student is, or for more than the teacher has; as `loadModel`, `selectLayers`, `narrowStudent`
 */
export async function chooseStudent(
  teacher: string | undefined,
  options: StudentOptions,
  context: Context,
): Promise<Student> {
  const { layers, student, arch, seed } = options;
  if (student !== undefined) {
    return ready(student, await loadModel(await modelFolder(student, options, context)), options);
  }
  if (teacher === undefined) {
    throw new NearfoldError("bad-argument", "a service shows nothing of its model", {
      at: "distill",
      wanted: "--student MODEL: what learns from it",
    });
  }
  if (layers) {
    const model = await loadModel(teacher);
    const chosen = chooseLayers(layers, layerCount(model));
    return ready(`layers ${chosen.join(", ")}`, selectLayers(model, chosen), options);
  }
  if (options.static) return bagOf(await locateModel(teacher), options, context);
  if (arch !== undefined) {
    const config = await readJsonObject(arch);
    if (!config) throw new NearfoldError("not-found", "there is no such file", { at: arch });
    const model = narrowStudent(await loadModel(teacher), config, { name: arch, seed });
    return { ...ready(`the config ${arch}`, model, options), recipe: "from nothing" };
  }
  if ((options.weights ?? options.tables) !== undefined) {
    return { ...ready("itself", await loadModel(teacher), options), recipe: "rounded" };
  }
  throw new NearfoldError("bad-argument", "nothing says what the student is", {
    at: "distill",
    wanted:
      "--layers N, --static, --arch CONFIG or --student MODEL, or --weights FORMAT for the same model",
  });
}

/** @throws bad-argument where a text or a projection does not fit the model */
function ready(made: string, whole: Model, { maxTokens, project, seed }: StudentOptions): Student {
  const model = maxTokens === undefined ? whole : adaptModel(whole, { maxTokens });
  requireSavable(model);
  const width = widthOf(model);
  const begin: Student["begin"] = async ({ vectors }) => {
    const [, whole] = vectors.shape;
    requireNarrower(width, whole);
    if (width === whole) return { model };
    if (project) return { model: withProjection(model, whole, { seed }) };
    return { model, axes: principalAxes(vectors, width, { seed }) };
  };
  const recipe = model.architecture.batches === "bags" ? "bag" : "layers";
  return { made, recipe, width, prompts: model.prompts, begin };
}

/**
 * How frequent a token is that counts half. Of all-MiniLM-L6-v2's tokens, 256 dimensions, before any training: STS-B 0.660, SciFact 0.405,
 * Cranfield 0.309; 1e-3 gives 0.654, 0.396, 0.299, and 1e-4 gives 0.655, 0.377, 0.314. By Zipf's law instead of the texts: 0.612, 0.363, 0.280.
 */
const HALF = 3e-4;

/** The teacher is only run: it may be quantized, or another program's graph. */
function bagOf(
  teacher: Model<Weight>,
  options: StudentOptions,
  { report, now, signal }: Context,
): Student {
  const { dims = widthOf(teacher), maxTokens, seed } = options;
  requireNarrower(dims, widthOf(teacher));
  const begin: Student["begin"] = async ({ texts }) => {
    let advance: ReturnType<typeof trackTask> | undefined;
    const outputs = await tokenOutputs(teacher, {
      signal,
      onProgress: ({ done, total }) => {
        advance ??= trackTask(report, { task: "embedding tokens", unit: "tokens", total }, now);
        if (done > 0) advance(done);
      },
    });
    const tokens = withoutMean(outputs);
    const axes = dims < tokens.shape[1] ? principalAxes(tokens, dims, { seed }) : undefined;
    const table = axes ? alongAxes(tokens, axes) : tokens;
    const shares = tokenFrequencies(
      teacher.tokenizer,
      texts.map(({ text }) => text),
    );
    const model = staticStudent(teacher, table, {
      name: "static",
      weights: inverseFrequency(shares, HALF),
      ...(maxTokens !== undefined && { maxTokens }),
    });
    return { model, ...(axes && { axes }) };
  };
  return { made: "static", recipe: "bag", width: dims, prompts: noPrompts, begin };
}

const noPrompts = { query: "", document: "" };

function requireNarrower(width: number, teacher: number): void {
  if (width <= teacher) return;
  throw new NearfoldError("bad-argument", "the student is wider than the teacher", {
    at: "distill",
    got: `${width}`,
    wanted: `at most ${teacher}`,
  });
}
