/** The model that learns. */
import { chooseLayers, type LayerChoice } from "../distill/index.ts";
import { NearfoldError } from "../errors.ts";
import { adaptModel, loadModel, type Model } from "../models/index.ts";
import { requireSavable } from "../models/save.ts";
import { layerCount, selectLayers } from "../models/select-layers.ts";
import { type ModelContext, type ModelOptions, modelFolder } from "./model-reference.ts";

export interface StudentOptions extends ModelOptions {
  readonly layers?: LayerChoice;
  readonly student?: string;
  readonly maxTokens?: number;
}

/** A student that has not learnt yet, and what its card says it is. */
export interface Student {
  readonly model: Model;
  /** "layers 0, 2, 5". */
  readonly made: string;
}

/**
 * @param teacher the folder of the teacher; a service has none
 * @throws bad-argument where nothing says what the student is, or for more layers than there are; as `loadModel`, `selectLayers`
 */
export async function makeStudent(
  teacher: string | undefined,
  options: StudentOptions,
  context: ModelContext,
): Promise<Student> {
  const made = await begin(teacher, options, context);
  const { maxTokens } = options;
  const model = maxTokens === undefined ? made.model : adaptModel(made.model, { maxTokens });
  requireSavable(model);
  return { ...made, model };
}

async function begin(
  teacher: string | undefined,
  options: StudentOptions,
  context: ModelContext,
): Promise<Student> {
  const { layers, student } = options;
  if (student !== undefined) {
    return { model: await loadModel(await modelFolder(student, options, context)), made: student };
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
    return { model: selectLayers(model, chosen), made: `layers ${chosen.join(", ")}` };
  }
  throw new NearfoldError("bad-argument", "nothing says what the student is", {
    at: "distill",
    wanted: "--layers N or --student MODEL",
  });
}
