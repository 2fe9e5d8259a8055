import { rm } from "node:fs/promises";
import { basename, resolve } from "node:path";
import {
  alongAxes,
  type Lesson,
  lessonTasks,
  measureAgreement,
  scoredTasks,
} from "../distill/index.ts";
import { NearfoldError } from "../errors.ts";
import { widthOf } from "../models/head.ts";
import type { Model } from "../models/model.ts";
import { saveModel } from "../models/save.ts";
import type { Tensor } from "../tensor/tensor.ts";
import {
  type DevScore,
  type Task,
  type TrainOptions,
  trainTasks,
  trainToEnd,
} from "../train/index.ts";
import type { CommandSpec, Context } from "./command.ts";
import { type DevSet, readDevPairs, readDevSts } from "./dev-set.ts";
import { readCandidates, readDistillationData } from "./distillation-data.ts";
import { type DistillOptions, distillOptions } from "./distillation-options.ts";
import { distillationPlan } from "./distillation-plan.ts";
import { distillationOutcome, distilledCard } from "./distillation-result.ts";
import { chooseStudent, type Student } from "./distillation-student.ts";
import { askTeacher, type Taught } from "./distillation-teacher.ts";
import { modelArgument, modelFolder, modelName } from "./model-reference.ts";
import { requireFreeRun } from "./output.ts";
import { toProgress } from "./training-progress.ts";
import { servedAs } from "./weight-options.ts";

/** A large model and texts in, a small model out that sees texts as the large one does. */
export const distill: CommandSpec<DistillOptions> = {
  name: "distill",
  summary: "Make a smaller model that sees texts as a larger one does; no labels are needed",
  arguments: [["[teacher]", modelArgument]],
  options: distillOptions,
  examples: [
    "nearfold distill my-model/ --layers 3 --data corpus.jsonl --out small/",
    "nearfold distill my-model/ --static --dims 256 --data corpus.jsonl --out tiny/",
    "nearfold distill --teacher-url http://127.0.0.1:8080/v1 --teacher-model large --student my-model/ --data corpus.jsonl --out small/",
    "nearfold distill my-model/ --weights int4-block32 --data corpus.jsonl --out my-model-int4/",
    "nearfold distill my-model/ --layers 0,2,5 --data corpus.jsonl queries.txt --max-minutes 20 --out small/",
  ],
  run: async ([reference], options, context) => {
    const { out } = options;
    const checkpoint = await requireFreeRun(out, options);
    const dev = await readDev(options, context);
    checkTeacher(reference, options);
    const folder = reference && (await modelFolder(reference, options, context));
    const student = await chooseStudent(folder, options, context);
    // What makes no sense is said before the teacher is asked.
    distillationPlan(student, options);
    const data = await readDistillationData(options, student, context);
    const taught = await askTeacher(folder, data, options, context);
    const start = await beginStudent(student, taught);
    const plan = distillationPlan({ ...student, width: widthOf(start.model) }, options);
    const { formats, asServed } = servedAs(start.model, options);
    const score = judge(dev, start.heldOut);
    const evaluate = (model: Model) => score(asServed(model));
    const before = await evaluate(start.model);
    context.report({ type: "note", text: `before training: ${figuresOf(before)}`, data: before });
    const { loss, needs } = plan.loss;
    const tasks = needs.label
      ? scoredTasks(await readCandidates(options, context), taught.train, needs)
      : lessonTasks(start.train, start.model);
    requireTasks(tasks, plan.loss.text);
    const rounded = formats && { formats };
    const settings = { ...plan.trainer, loss, evaluate, checkpoint, ...rounded };
    // Without passes it stays what it begins as.
    const learnt = asServed(
      options.epochs === 0
        ? start.model
        : await learn(start.model, tasks, settings, options, context),
    );
    const agreement = start.heldOut && (await measureAgreement(learnt, start.heldOut));
    const name = basename(resolve(out));
    const teacher = {
      ...taught.teacher,
      ...(folder !== undefined && { name: await modelName(folder) }),
    };
    const result = { teacher, student, plan, data, before, agreement, options };
    const model = { ...learnt, name, card: distilledCard(learnt, result) };
    await saveModel(out, model, { replace: options.replace ?? false });
    await rm(checkpoint, { recursive: true, force: true });
    return distillationOutcome(result);
  },
};

function learn(
  model: Model,
  tasks: readonly Task[],
  settings: TrainOptions,
  { resume = false }: DistillOptions,
  { report, signal }: Context,
): Promise<Model> {
  const events = trainTasks(model, tasks, { ...settings, resume, signal });
  return trainToEnd(events, (event) => report(toProgress(event)));
}

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

/** @throws bad-input where the data has nothing of what the objective compares */
function requireTasks(tasks: readonly Task[], objective: string): void {
  if (tasks.length > 0) return;
  throw new NearfoldError("bad-input", "the data has no rows that the objective can learn from", {
    at: "--objective",
    got: objective,
    wanted: "pairs with hard negatives, none of whose texts is held out",
  });
}

/** The model before it has learnt, and what it is to learn: where it is narrower, the teacher's vectors along some axes. */
async function beginStudent({ begin }: Student, { train, heldOut }: Taught) {
  const { model, axes } = await begin(train);
  const along = (lesson: Lesson) =>
    axes ? { ...lesson, vectors: alongAxes(lesson.vectors, axes) } : lesson;
  return { model, train: along(train), heldOut: heldOut && along(heldOut) };
}

function readDev(options: DistillOptions, context: Context): Promise<DevSet> | undefined {
  const { sts, dev } = options;
  if (sts !== undefined) return readDevSts(sts, options, context);
  return dev === undefined ? undefined : readDevPairs(dev, options, context);
}

/** By a file, or else by how nearly the student sees held-out texts as its teacher does. */
function judge(dev: DevSet | undefined, heldOut: Lesson | undefined) {
  return async (model: Model<Tensor>): Promise<DevScore> => {
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

function figuresOf({ metrics }: DevScore): string {
  return Object.entries(metrics)
    .map(([name, figure]) => `${name} ${figure.toFixed(4)}`)
    .join(", ");
}
