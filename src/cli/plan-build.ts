/** Builds what a plan measures by the commands that a person would type; what was built before is used again. */
import { join } from "node:path";
import { exists } from "../durable.ts";
import { NearfoldError } from "../errors.ts";
import { locateModel } from "../models/index.ts";
import { type Backbone, type Body, type Built, keyOf, recall, record } from "../plan/index.ts";
import type { Context } from "./command.ts";
import { distill } from "./distill.ts";
import type { PlanInputs } from "./plan-inputs.ts";
import type { PlanOptions } from "./plan-options.ts";
import { writeCalibration } from "./plan-place.ts";
import { quantize } from "./quantize.ts";
import { runTyped, typedLine } from "./typed.ts";
import { packageVersion } from "./version.ts";

/** Something that is built by one command. */
interface Build {
  readonly name: string;
  readonly command: "distill" | "quantize";
  readonly argv: readonly string[];
  /** All that decides about what comes of it. */
  readonly made: object;
  readonly folder: string;
}

const specs = { distill, quantize } as const;

/** @throws io */
export async function openBuilder(
  inputs: PlanInputs,
  work: string,
  options: PlanOptions,
  context: Context,
): Promise<PlanBuilder> {
  const calibration = await writeCalibration(work, inputs.texts, options.seed);
  // Of what a command says as it goes, only how far it is: it says the rest where it is typed.
  const report: Context["report"] = (event) => {
    if (event.type === "progress") context.report(event);
  };
  return new PlanBuilder({ inputs, work, calibration, options, context: { ...context, report } });
}

interface Building {
  readonly inputs: PlanInputs;
  readonly work: string;
  readonly calibration: Awaited<ReturnType<typeof writeCalibration>>;
  readonly options: PlanOptions;
  readonly context: Context;
}

/** Made by `openBuilder`. */
export class PlanBuilder {
  readonly #of: Building;

  constructor(of: Building) {
    this.#of = of;
  }

  /** The model of a backbone, after that of its body. @throws as `nearfold distill` and `nearfold quantize` */
  async build({ name, body, weights }: Backbone): Promise<Built> {
    const float = await this.#body(body);
    if (!weights.quantize) return { ...float, name };
    return this.#make(this.#quantization(name, float, weights.quantize));
  }

  /** What to type for a backbone. */
  commands({ name, body, weights }: Backbone): readonly string[] {
    const { reference } = this.#of.inputs;
    const student = body.student && this.#distillation(body, body.student, reference);
    const float = { name: body.name, folder: student?.folder ?? reference, space: "" };
    const builds = [
      ...(student ? [student] : []),
      ...(weights.quantize ? [this.#quantization(name, float, weights.quantize)] : []),
    ];
    return builds.map(({ command, argv, folder }) =>
      typedLine(command, [...argv, "--out", folder]),
    );
  }

  async #body(body: Body): Promise<Built> {
    const { folder, model } = this.#of.inputs;
    if (body.student) return this.#make(this.#distillation(body, body.student, folder));
    return { name: body.name, folder, space: model.card.space.id };
  }

  #distillation({ name, widths }: Body, student: readonly string[], teacher: string): Build {
    const { work, inputs, options } = this.#of;
    const { data, maxMinutes, teacherCache, seed } = options;
    const { model, hashes } = inputs;
    const [full, ...more] = widths;
    const settings = [
      ...student,
      ...(more.length > 0 ? ["--matryoshka", [full, ...more].join(",")] : []),
      ...(maxMinutes === undefined ? [] : ["--max-minutes", `${maxMinutes}`]),
      ...(seed === 42 ? [] : ["--seed", `${seed}`]),
    ];
    const cache = teacherCache === undefined ? [] : ["--teacher-cache", teacherCache];
    return {
      name,
      command: "distill",
      argv: [teacher, ...settings, "--data", ...data, ...cache],
      made: { of: model.card.space.id, hashes, settings, version: packageVersion() },
      folder: join(work, name),
    };
  }

  #quantization(name: string, { folder, space }: Built, settings: readonly string[]): Build {
    const { calibration, work } = this.#of;
    return {
      name,
      command: "quantize",
      argv: [folder, ...settings, "--data", calibration.path],
      made: { of: space, calibration: calibration.sha256, settings, version: packageVersion() },
      folder: join(work, name),
    };
  }

  async #make({ name, command, argv, made, folder }: Build): Promise<Built> {
    const { work, context } = this.#of;
    const key = keyOf(made);
    const [done, begun] = ["built", "begun"].map((what) => join(work, `${name}.${what}.json`));
    const known = await recall<string>(done, key);
    if (known !== undefined && (await spaceOf(folder)) === known)
      return { name, folder, space: known };
    // What was begun for the same goes on; what was begun for something else does not.
    const resumes =
      command === "distill" &&
      (await recall(begun, key)) !== undefined &&
      (await exists(`${folder}.checkpoint`));
    await record(begun, key, true);
    const resume = resumes ? ["--resume"] : [];
    await runTyped(
      specs[command] as never,
      [...argv, "--out", folder, "--replace", ...resume],
      context,
    );
    const space = await spaceOf(folder);
    if (space === undefined)
      throw new NearfoldError("bug", "a model was not built", { at: folder });
    await record(done, key, space);
    return { name, folder, space };
  }
}

/** Undefined for a folder that is no whole model. */
async function spaceOf(folder: string): Promise<string | undefined> {
  const model = await locateModel(folder).catch(() => undefined);
  return model?.card.space.id;
}
