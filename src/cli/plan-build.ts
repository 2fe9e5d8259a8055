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

export class PlanBuilder {
  readonly #inputs: PlanInputs;
  readonly #options: PlanOptions;
  readonly #context: Context;
  readonly #calibration: string;

  constructor(inputs: PlanInputs, calibrationHash: string, options: PlanOptions, context: Context) {
    this.#inputs = inputs;
    this.#options = options;
    this.#context = context;
    this.#calibration = calibrationHash;
  }

  /** The model of a backbone, after that of its body. @throws as `nearfold distill` and `nearfold quantize` */
  async build({ name, body, weights }: Backbone): Promise<Built> {
    const float = await this.#body(body);
    if (!weights.quantize) return { ...float, name };
    return this.#make(this.#quantization(name, float, weights.quantize));
  }

  /** Whether nothing is left to do for `build`. */
  async isBuilt({ name, body, weights }: Backbone): Promise<boolean> {
    const last = weights.quantize ? name : body.student ? body.name : undefined;
    return last === undefined || (await exists(join(this.#inputs.work, `${last}.built.json`)));
  }

  /** What to type for a backbone. */
  commands({ name, body, weights }: Backbone): readonly string[] {
    const { reference } = this.#inputs;
    const student = body.student && this.#distillation(body, body.student, reference);
    const float = { name: body.name, folder: student?.folder ?? reference, space: "" };
    const builds = [
      ...(student ? [student] : []),
      ...(weights.quantize ? [this.#quantization(name, float, weights.quantize)] : []),
    ];
    return builds.map(({ command, argv, folder }) => typedLine(command, [...argv, "--out", folder]));
  }

  async #body(body: Body): Promise<Built> {
    const { folder, model } = this.#inputs;
    if (body.student) return this.#make(this.#distillation(body, body.student, folder));
    return { name: body.name, folder, space: model.card.space.id };
  }

  #distillation({ name, widths }: Body, student: readonly string[], teacher: string): Build {
    const { data, maxMinutes, teacherCache, seed } = this.#options;
    const { model, hashes, work } = this.#inputs;
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
    const { calibration, work } = this.#inputs;
    return {
      name,
      command: "quantize",
      argv: [folder, ...settings, "--data", calibration],
      made: { of: space, calibration: this.#calibration, settings, version: packageVersion() },
      folder: join(work, name),
    };
  }

  async #make({ name, command, argv, made, folder }: Build): Promise<Built> {
    const { work } = this.#inputs;
    const key = keyOf(made);
    const [done, begun] = ["built", "begun"].map((what) => join(work, `${name}.${what}.json`));
    const known = await recall<string>(done, key);
    if (known !== undefined && (await spaceOf(folder)) === known) return { name, folder, space: known };
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
      this.#context,
    );
    const space = await spaceOf(folder);
    if (space === undefined) throw new NearfoldError("bug", "a model was not built", { at: folder });
    await record(done, key, space);
    return { name, folder, space };
  }
}

/** Undefined for a folder that is no whole model. */
async function spaceOf(folder: string): Promise<string | undefined> {
  const model = await locateModel(folder).catch(() => undefined);
  return model?.card.space.id;
}
