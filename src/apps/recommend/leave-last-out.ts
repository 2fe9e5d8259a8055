import type { Feedback } from "./feedback.ts";

/** What is learnt from, and for each user that is asked about the one item that came next. */
export interface HeldOut {
  readonly learnt: Feedback;
  readonly asked: readonly { readonly user: number; readonly item: number }[];
}

/**
 * Holds out the last choice of each user who has `least` or more; those with fewer are only learnt from.
 * @param back how many later choices are dropped before: 1 holds out the last but one, for tuning @default 0
 * @param least choices of a user who is asked about @default 3
 */
export function leaveLastOut(
  feedback: Feedback,
  { back = 0, least = 3 }: { readonly back?: number; readonly least?: number } = {},
): HeldOut {
  const asked: { user: number; item: number }[] = [];
  const histories = feedback.histories.map((history, user) => {
    if (history.length < least) return history;
    const at = history.length - 1 - back;
    asked.push({ user, item: history[at] });
    return history.subarray(0, at);
  });
  return { learnt: { ...feedback, histories }, asked };
}
