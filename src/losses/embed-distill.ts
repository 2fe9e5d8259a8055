import { NearfoldError } from "../errors.ts";
import type { Value } from "../graph/node.ts";
import { showType } from "../graph/op.ts";
import { mul, reduceMean, sub } from "../graph/ops/index.ts";
import { distances } from "./distance.ts";
import { average, type Columns, columnsOf, type Loss, requireColumns } from "./loss.ts";
import { checkOptions, type Fields, nameIn } from "./options.ts";

/** How far a student's vectors are from its teacher's: `[B, D], [B, D] -> [B]`. */
const measures = {
  cosine: distances.cosine,
  euclidean: distances.euclidean,
  mse: (a, b) => {
    const error = sub(a, b);
    return reduceMean(mul(error, error), { axes: [1] });
  },
} as const satisfies Record<string, (a: Value, b: Value) => Value>;

export interface EmbedDistillOptions {
  /** @default "cosine" */
  readonly distance?: keyof typeof measures;
}

export const embedDistillFields: Fields<EmbedDistillOptions> = { distance: nameIn(measures) };

/**
 * Distillation of embeddings: the mean distance of each vector from its teacher's, over all columns. A teacher that embedded the anchors
 * alone is the target of every column of the row. It must be as wide as the student: PCA makes it so.
 * sentence-transformers' EmbedDistillLoss (its `l2` is `euclidean`).
 * @throws bad-argument for options that make no sense
 */
export function embedDistill(options: EmbedDistillOptions = {}): Loss {
  checkOptions(options, embedDistillFields, "embed-distill");
  const { distance = "cosine" } = options;
  return (columns) => {
    const pairs = besideTeacher(columns);
    return average(pairs.map(([x, target]) => reduceMean(measures[distance](x, target))));
  };
}

/** Each column of the student and the teacher's for it. @throws bad-argument where they do not fit each other */
function besideTeacher(columns: Columns): (readonly [Value, Value])[] {
  const students = columnsOf(columns);
  const teachers = columnsOf(requireColumns(columns, "embed-distill", "teacher").teacher);
  if (teachers.length !== 1 && teachers.length !== students.length) {
    throw new NearfoldError("bad-argument", "the teacher embedded other columns", {
      at: "embed-distill",
      got: `${teachers.length}`,
      wanted: students.length === 1 ? "1" : `1, or all ${students.length}`,
    });
  }
  return students.map((student, i) => {
    const teacher = teachers.length === 1 ? teachers[0] : teachers[i];
    if (teacher.shape[1] === student.shape[1]) return [student, teacher];
    throw new NearfoldError("bad-argument", "the teacher's vectors are of another width", {
      at: "embed-distill",
      got: showType(teacher),
      wanted: showType(student),
    });
  });
}
