/** Texts with a teacher's vectors, as data sets of a training. */

import type { Pair, RoledText } from "../data/index.ts";
import { openEncoder } from "../encoder/index.ts";
import type { Needs } from "../losses/index.ts";
import type { Model, Role } from "../models/model.ts";
import type { Agreement } from "../space.ts";
import { joinFloats } from "../tensor/join-floats.ts";
import { floats, type Tensor } from "../tensor/tensor.ts";
import type { Task } from "../train/index.ts";
import { agreementOf } from "./agreement.ts";
import { encoderTeacher } from "./teacher.ts";
import { withTeacherScores } from "./teacher-scores.ts";

/** Texts and what a teacher made of them, `[N, W]`. */
export interface Lesson {
  readonly texts: readonly RoledText[];
  readonly vectors: Tensor<"float32">;
}

const needs: Needs = { texts: { least: 1, most: 1 }, teacher: "anchor" };

/** A data set for each role that occurs, since a batch's texts have one prompt. */
export function lessonTasks(
  { texts, vectors }: Lesson,
  { prompts }: Pick<Model, "prompts">,
): Task[] {
  return byRole(texts).map(([role, rows]) => ({
    rows: rows.map((row) => ({ anchor: texts[row].text, negatives: [] })),
    needs,
    prompts: { query: prompts[role], document: prompts[role] },
    teacher: rowsOf(vectors, rows),
  }));
}

/**
 * The pairs with hard negatives whose texts are all of a lesson, with the teacher's scores as labels: what losses of rankings learn. One data
 * set, or none where no pair is whole.
 * @param needs of the loss
 */
export function scoredTasks(
  pairs: readonly Pair[],
  { texts, vectors }: Lesson,
  needs: Needs,
): Task[] {
  const places = new Map(texts.map(({ text, role }, row) => [`${role}\0${text}`, row]));
  // Where no prompt tells them apart, all texts are documents.
  const placeOf = (text: string, role: Role) =>
    places.get(`${role}\0${text}`) ?? places.get(`document\0${text}`);
  const width = vectors.shape[1];
  const vectorOf = (text: string, role: Role) => {
    const row = placeOf(text, role)!;
    return vectors.data.subarray(row * width, (row + 1) * width);
  };
  const whole = pairs.filter(
    ({ anchor, positive, negatives }) =>
      negatives.length > 0 &&
      placeOf(anchor, "query") !== undefined &&
      [positive, ...negatives].every((text) => placeOf(text, "document") !== undefined),
  );
  return whole.length === 0 ? [] : [{ rows: withTeacherScores(whole, vectorOf), needs }];
}

/** How nearly a model sees the texts of a lesson as its teacher does. @throws as `openEncoder` */
export async function measureAgreement(model: Model<Tensor>, lesson: Lesson): Promise<Agreement> {
  await using student = encoderTeacher(await openEncoder(model));
  const { texts, vectors } = lesson;
  const order = byRole(texts);
  const found: Float32Array[] = [];
  let width = 0;
  for (const [role, rows] of order) {
    const made = await student.embed(
      rows.map((row) => texts[row].text),
      { role },
    );
    found.push(made.vectors);
    width = made.dims;
  }
  const rows = order.flatMap(([, rows]) => rows);
  return agreementOf(floats(joinFloats(found), [rows.length, width]), rowsOf(vectors, rows));
}

/** The numbers of the texts of each role that occurs. */
function byRole(texts: readonly RoledText[]): [Role, number[]][] {
  const numbers = texts.map((_, i) => i);
  const roles: Role[] = ["document", "query"];
  return roles
    .map((role): [Role, number[]] => [role, numbers.filter((i) => texts[i].role === role)])
    .filter(([, rows]) => rows.length > 0);
}

function rowsOf({ data, shape }: Tensor<"float32">, rows: readonly number[]): Tensor<"float32"> {
  const width = shape[1];
  const found = new Float32Array(rows.length * width);
  rows.forEach((row, i) => {
    found.set(data.subarray(row * width, (row + 1) * width), i * width);
  });
  return floats(found, [rows.length, width]);
}
