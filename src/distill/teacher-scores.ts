/** A teacher's vectors as scores of candidates, which losses of rankings learn. */
import type { Row } from "../data/index.ts";

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
    const query = vectorOf(anchor, "query");
    const scores = [positive, ...negatives].map((text) =>
      cosine(query, vectorOf(text, "document")),
    );
    return { ...row, label: scores };
  });
}

function cosine(a: Float32Array, b: Float32Array): number {
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    ab += a[i] * b[i];
    aa += a[i] * a[i];
    bb += b[i] * b[i];
  }
  return aa === 0 || bb === 0 ? 0 : ab / Math.sqrt(aa * bb);
}
