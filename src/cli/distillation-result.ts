/** What a distillation says of itself: in the student's card, and at its end. */
import type { Model } from "../models/model.ts";
import type { Agreement, Space } from "../space.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { DevScore } from "../train/index.ts";
import type { Outcome } from "./command.ts";
import type { DistillationData } from "./distillation-data.ts";
import type { DistillOptions } from "./distillation-options.ts";
import type { DistillationPlan } from "./distillation-plan.ts";
import type { Student } from "./distillation-student.ts";
import { describeAgreement, fitTo } from "./fitted.ts";
import { versionsNow } from "./version.ts";

export interface DistillationResult {
  readonly teacher: { readonly name: string; readonly space?: Space };
  readonly student: Student;
  readonly plan: DistillationPlan;
  readonly data: DistillationData;
  /** Of the student before it was trained. */
  readonly before: DevScore;
  /** Absent where too few texts were held out. */
  readonly agreement: Agreement | undefined;
  readonly options: DistillOptions;
}

/** The student's card: its teacher, what it learnt, and whether it may query the teacher's index. */
export function distilledCard(learnt: Model<Tensor>, result: DistillationResult): Model["card"] {
  const { teacher, student, plan, data, agreement } = result;
  const { fitted: _, ...card } = learnt.card;
  const fitted = fitTo(teacher, learnt, agreement);
  const { epochs, batchSize, learningRate, warmup, weightDecay, maxSeconds } = plan.trainer;
  const { weights, tables } = result.options;
  const steps = { epochs, batchSize, learningRate, warmup, weightDecay, maxSeconds };
  const settings = { ...steps, weights, tables };
  const known = Object.entries(settings).filter(([, value]) => value !== undefined);
  return {
    ...card,
    dims: plan.dims,
    ...(fitted && { fitted }),
    lineage: {
      base: teacher.name,
      data: data.records,
      losses: [plan.loss.text],
      seed: plan.trainer.seed ?? 0,
      training: { student: student.made, ...Object.fromEntries(known) },
      versions: versionsNow(),
      metrics: agreement ? agreementMetrics(agreement) : {},
    },
  };
}

/** What the command says at the end. */
export function distillationOutcome(result: DistillationResult): Outcome {
  const { student, plan, data, before, agreement, teacher, options } = result;
  const { out } = options;
  const { texts, heldOut, skipped } = data;
  const facts = { out, student: student.made, texts: texts.length, skipped, dims: plan.dims };
  const measured = { heldOut: heldOut.length, before: before.metrics };
  return {
    json: { ...facts, ...measured, ...(agreement && { agreement }) },
    text: [
      ...(agreement ? [describeAgreement(teacher.name, agreement)] : []),
      `The student is in ${out}.`,
      `Next: nearfold eval ${out} --beir FOLDER`,
    ].join("\n"),
  };
}

function agreementMetrics({ cosine, overlap }: Agreement): Readonly<Record<string, number>> {
  return { ...(cosine !== undefined && { teacher_cosine: cosine }), teacher_overlap_10: overlap };
}
