/** A teacher's vectors as scores of candidates, which losses of rankings learn. */
import type { Row } from "../data/index.ts";
import { cosines } from "../evaluate/index.ts";
import { floats } from "../tensor/tensor.ts";

/**
 * The rows with the cosines of their positive and each hard negative as labels, where they do not have a teacher's scores already.
 * @param vectorOf the teacher's vector of a text of a row
 */
export function withTeacherScores<R extends Row>(
  rows: readonly R[],
  vectorOf: (text: string, role: "query" | "document") => Float32Array,
): R[] {
  return rows.map((row) => {
    const { anchor, positive, negatives, label } = row;
    if (Array.isArray(label) || positive === undefined) return row;
    const query = asRow(vectorOf(anchor, "query"));
    const scores = [positive, ...negatives].map(
      (text) => cosines(query, asRow(vectorOf(text, "document")))[0],
    );
    return { ...row, label: scores };
  });
}

const asRow = (vector: Float32Array) => floats(vector, [1, vector.length]);
