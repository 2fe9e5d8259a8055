/** Disjoint sets by union by size and path halving (Tarjan and van Leeuwen, "Worst-case Analysis of Set Union Algorithms", 1984). */
export class UnionFind {
  /** The parent, or for a root its size, negative. */
  readonly #parents: Int32Array;

  constructor(count: number) {
    this.#parents = new Int32Array(count).fill(-1);
  }

  /** The set's name: one of its members. */
  find(member: number): number {
    const parents = this.#parents;
    let at = member;
    while (parents[at] >= 0) {
      const parent = parents[at];
      if (parents[parent] >= 0) parents[at] = parents[parent];
      at = parent;
    }
    return at;
  }

  /** Makes two sets one; false where they were. */
  union(a: number, b: number): boolean {
    let [large, small] = [this.find(a), this.find(b)];
    if (large === small) return false;
    const parents = this.#parents;
    if (parents[large] > parents[small]) [large, small] = [small, large];
    parents[large] += parents[small];
    parents[small] = large;
    return true;
  }

  /** Members of sets of two or more, each set and the sets themselves in order of their first member. */
  *sets(): Generator<readonly number[]> {
    const count = this.#parents.length;
    const next = new Int32Array(count).fill(-1);
    const first = new Int32Array(count).fill(-1);
    // Backwards, so that each list is in order.
    for (let member = count - 1; member >= 0; member--) {
      const root = this.find(member);
      next[member] = first[root];
      first[root] = member;
    }
    for (let member = 0; member < count; member++) {
      if (first[this.find(member)] !== member || next[member] < 0) continue;
      const set: number[] = [];
      for (let at = member; at >= 0; at = next[at]) set.push(at);
      yield set;
    }
  }
}
