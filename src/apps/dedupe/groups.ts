/** Who stands for whom, and what is said of it. */
/** What found a member to be what is kept. */
export type Stage = "exact" | "near" | "semantic";

export interface Dropped {
  readonly row: number;
  readonly id: string;
  readonly stage: Stage;
  /** 1 where it is exact; the Jaccard similarity to what is kept, or the cosine. */
  readonly score: number;
}

/** A text and its duplicates. */
export interface Group {
  readonly kept: {
    readonly row: number;
    readonly id: string;
    /** In words: "the longest text". */
    readonly why: string;
  };
  readonly dropped: readonly Dropped[];
}

/**
 * A set as the groups that it falls into, each begun by the one that is kept: a member belongs to the first that it is like; those that are like none of what is kept are kept
 * themselves, and take their like along.
 * @param members in the order in which they would be kept
 */
export function splitSet(
  members: readonly number[],
  isSame: (kept: number, member: number) => boolean,
): readonly (readonly number[])[] {
  const groups: number[][] = [];
  for (const member of members) {
    const own = groups.find(([kept]) => isSame(kept, member));
    if (own) own.push(member);
    else groups.push([member]);
  }
  return groups;
}
