import { rm } from "node:fs/promises";
import { basename, resolve } from "node:path";
import { type Lesson, lessonTasks, measureAgreement } from "../distill/index.ts";
import { NearfoldError } from "../errors.ts";
import type { Model } from "../models/model.ts";
import { saveModel } from "../models/save.ts";
import { type DevScore, trainTasks, trainToEnd } from "../train/index.ts";
import type { CommandSpec, Context } from "./command.ts";
import { type DevSet, readDevPairs, readDevSts } from "./dev-set.ts";
import { readDistillationData } from "./distillation-data.ts";
import { type DistillOptions, distillOptions } from "./distillation-options.ts";
import { distillationPlan } from "./distillation-plan.ts";
import { distillationOutcome, distilledCard } from "./distillation-result.ts";
import { makeStudent } from "./distillation-student.ts";
import { askTeacher } from "./distillation-teacher.ts";
import { modelArgument, modelFolder, modelName } from "./model-reference.ts";
import { requireFreeRun } from "./output.ts";
import { toProgress } from "./training-progress.ts";

/** A large model and texts in, a small model out that sees texts as the large one does. */
export const distill: CommandSpec<DistillOptions> = {
  name: "distill",
  summary: "Make a smaller model that sees texts as a larger one does; no labels are needed",
  arguments: [["[teacher]", modelArgument]],
  options: distillOptions,
  examples: [
    "nearfold distill my-model/ --layers 3 --data corpus.jsonl --out small/",
    "nearfold distill --teacher-url http://127.0.0.1:8080/v1 --teacher-model large --student my-model/ --data corpus.jsonl --out small/",
    "nearfold distill my-model/ --layers 0,2,5 --data corpus.jsonl queries.txt --max-minutes 20 --out small/",
  ],
  run: async ([reference], options, context) => {
    const { out, resume = false } = options;
    const checkpoint = await requireFreeRun(out, options);
    const dev = await readDev(options, context);
    checkTeacher(reference, options);
    const folder = reference && (await modelFolder(reference, options, context));
    const student = await makeStudent(folder, options, context);
    const plan = distillationPlan(student.model, options);
    const { prompts } = student.model;
    const roles = { roles: prompts.query !== prompts.document };
    const data = await readDistillationData(options, roles, context);
    const { teacher, train, heldOut } = await askTeacher(folder, data, options, context);
    const events = trainTasks(student.model, lessonTasks(train, student.model), {
      ...plan.trainer,
      loss: plan.loss.loss,
      evaluate: judge(dev, heldOut),
      checkpoint,
      resume,
      signal: context.signal,
    });
    const learnt = await trainToEnd(events, (event) => context.report(toProgress(event)));
    const agreement = heldOut && (await measureAgreement(learnt, heldOut));
    const name = basename(resolve(out));
    const teacherName = folder === undefined ? teacher.name : await modelName(folder);
    const result = { teacher: { ...teacher, name: teacherName }, student, plan, data, agreement, options };
    const model = { ...learnt, name, card: distilledCard(learnt, result) };
    await saveModel(out, model, { replace: options.replace ?? false });
    await rm(checkpoint, { recursive: true, force: true });
    return distillationOutcome(result);
  },
};

/** @throws bad-argument unless one teacher is named */
function checkTeacher(reference: string | undefined, { teacherUrl, teacherModel }: DistillOptions) {
  const isService = teacherUrl !== undefined && teacherModel !== undefined;
  const isModel = teacherUrl === undefined && teacherModel === undefined;
  if (reference === undefined ? isService : isModel) return;
  throw new NearfoldError("bad-argument", "one teacher is needed", {
    at: "distill",
    got: reference === undefined ? "none" : `${reference} and a service`,
    wanted: "a model, or --teacher-url and --teacher-model",
  });
}

function readDev(options: DistillOptions, context: Context): Promise<DevSet> | undefined {
  const { sts, dev } = options;
  if (sts !== undefined) return readDevSts(sts, options, context);
  return dev === undefined ? undefined : readDevPairs(dev, options, context);
}

/** By a file, or else by how nearly the student sees held-out texts as its teacher does. */
function judge(dev: DevSet | undefined, heldOut: Lesson | undefined) {
  return async (model: Model): Promise<DevScore> => {
    const score = await dev?.score(model);
    const { cosine, overlap } = (heldOut && (await measureAgreement(model, heldOut))) ?? {};
    const metrics = {
      ...(dev && { [dev.measure]: score! }),
      ...(cosine !== undefined && { cosine }),
      ...(overlap !== undefined && { overlap }),
    };
    return { score: score ?? cosine ?? overlap ?? 0, metrics };
  };
}
