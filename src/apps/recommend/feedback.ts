/** Who chose what, and in which order: implicit feedback. */
import { NearfoldError } from "../../errors.ts";

/** One choice: a film that was liked, a page that was read, a purchase. */
export interface Interaction {
  readonly user: string;
  readonly item: string;
  /** Any number that grows with time. @default the order in which they come */
  readonly time?: number;
}

/** Choices by rows: users and items are numbered in the order in which they first come. */
export interface Feedback {
  readonly users: readonly string[];
  readonly items: readonly string[];
  /** For each user the rows of their items, the oldest first, each once: the last time counts. */
  readonly histories: readonly Int32Array[];
}

/**
 * Numbers users and items and orders each user's choices by time; of equal times in the order in which they come.
 * @param items that have a row whether anybody chose them or not; they come first @default none
 * @throws bad-input for no interactions
 */
export function toFeedback(
  interactions: Iterable<Interaction>,
  { items: known = [] }: { readonly items?: Iterable<string> } = {},
): Feedback {
  const items = new Map<string, number>();
  for (const item of known) rowOf(items, item);
  const users = new Map<string, Map<number, number>>();
  let place = 0;
  for (const { user, item, time = place } of interactions) {
    const times = users.get(user) ?? new Map<number, number>();
    users.set(user, times);
    const row = rowOf(items, item);
    const before = times.get(row);
    if (before === undefined || time >= before) {
      // Taken out first: a map keeps the place in which a key came first.
      times.delete(row);
      times.set(row, time);
    }
    place++;
  }
  if (place === 0) throw new NearfoldError("bad-input", "there are no interactions");
  const inOrder = (times: ReadonlyMap<number, number>) =>
    Int32Array.from(
      [...times].sort(([, a], [, b]) => a - b),
      ([row]) => row,
    );
  return {
    users: [...users.keys()],
    items: [...items.keys()],
    histories: Array.from(users.values(), inOrder),
  };
}

/** How many users chose each item, `[I]`. */
export function itemCounts({ items, histories }: Feedback): Int32Array {
  const counts = new Int32Array(items.length);
  for (const history of histories) for (const row of history) counts[row]++;
  return counts;
}

function rowOf(rows: Map<string, number>, name: string): number {
  const known = rows.get(name);
  if (known !== undefined) return known;
  rows.set(name, rows.size);
  return rows.size - 1;
}
