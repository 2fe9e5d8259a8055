/** The texts of one step. */

/** A batch as token ids, column by column: all anchors, all positives, then each column of hard negatives. */
export interface TokenBatch {
  /** Which of the objectives it is for. @default 0 */
  readonly task?: number;
  readonly sequences: readonly ArrayLike<number>[];
  /** Tokens at the start of each that are a prompt which is not pooled. @default 0 */
  readonly promptTokens?: Int32Array;
  /** Equal texts have equal numbers, in the order of `sequences`; needed where the objective asks for identity. */
  readonly identity?: Int32Array;
  /** Row by row, as many numbers as the objective says. */
  readonly labels?: Float32Array;
  /** A teacher's vector of each row's first text, row-major, where the objective says how wide it is. */
  readonly teacher?: Float32Array;
}

/** What stands in every row of a task's batches. */
export interface BatchShape {
  /** Anchor, positive and as many hard negatives as every row has; 1 for single texts. */
  readonly columns: number;
  /** Numbers of a row's label; 0 where the loss reads none. */
  readonly labels: number;
  /** Width of a teacher's vectors. @default there is no teacher */
  readonly teacher?: number;
}
