/**
 * What `work` makes of items, in their order: while the reader sees to one result, the next `ahead` items are worked on, and no more are read. A reader that
 * stops early waits for those that were begun; `work` learns by its signal that nobody wants them.
 */
export async function* mapAhead<Item, Result>(
  items: AsyncIterable<Item>,
  work: (item: Item, signal: AbortSignal) => Promise<Result>,
  ahead: number,
): AsyncGenerator<Result> {
  const left = new AbortController();
  const begun: Promise<Result>[] = [];
  try {
    for await (const item of items) {
      const result = work(item, left.signal);
      // Whoever awaits it is told; until then it is no unhandled rejection.
      result.catch(() => {});
      begun.push(result);
      if (begun.length > ahead) yield await begun.shift()!;
    }
    for (let next = begun.shift(); next; next = begun.shift()) yield await next;
  } finally {
    left.abort();
    await Promise.allSettled(begun);
  }
}
