/** From a spanning tree to the groups that last (Campello, Moulavi and Sander, "Density-Based Clustering Based on Hierarchical Density Estimates", 2013; McInnes and Healy, "Accelerated Hierarchical Density Based Clustering", 2017). */
import type { Edge } from "./spanning-tree.ts";

/** A group of the condensed tree; 0 is of all rows. */
interface Group {
  readonly parent: number;
  /** 1 / distance at which it splits off. */
  readonly birth: number;
  readonly children: number[];
  /** Rows that leave it, and at which 1 / distance. */
  readonly rows: { readonly row: number; readonly lambda: number }[];
  /** Of rows that go over into its children. */
  passed: number;
  stability: number;
}

export interface Selected {
  /** The group of each row; -1 for noise. Groups are numbered by their first row. */
  readonly labels: Int32Array;
  /** How long each row stays in its group, as a share of how long the group is one: 1 at its heart, 0 for noise. */
  readonly strengths: Float32Array;
}

/**
 * Groups of at least `least` rows, chosen so that together they last longest ("excess of mass"). The group of all rows is never chosen.
 * @param edges of a spanning tree, shortest first
 */
export function selectGroups(edges: readonly Edge[], count: number, least: number): Selected {
  const tree = condense(mergesOf(edges, count), count, least);
  return labelRows(tree, chosenOf(tree), count);
}

/** The dendrogram: merge `i` makes node `count + i` of two nodes. */
interface Merges {
  readonly left: Int32Array;
  readonly right: Int32Array;
  readonly lambdas: Float64Array;
  readonly sizes: Int32Array;
}

function mergesOf(edges: readonly Edge[], count: number): Merges {
  const nodes = 2 * count - 1;
  const parents = Int32Array.from({ length: nodes }, (_, i) => i);
  const find = (node: number) => {
    let at = node;
    while (parents[at] !== at) {
      parents[at] = parents[parents[at]];
      at = parents[at];
    }
    return at;
  };
  const [left, right] = [new Int32Array(nodes), new Int32Array(nodes)];
  const lambdas = new Float64Array(nodes);
  const sizes = new Int32Array(nodes).fill(1);
  edges.forEach(({ a, b, distance }, i) => {
    const node = count + i;
    [left[node], right[node]] = [find(a), find(b)];
    sizes[node] = sizes[left[node]] + sizes[right[node]];
    lambdas[node] = 1 / distance;
    parents[left[node]] = node;
    parents[right[node]] = node;
  });
  return { left, right, lambdas, sizes };
}

/** Downwards from the root: a split is one only where both sides are large enough; else the smaller side's rows fall out. */
function condense(merges: Merges, count: number, least: number): readonly Group[] {
  const { left, right, lambdas, sizes } = merges;
  const groupOf = (parent: number, birth: number): Group => ({
    ...{ parent, birth, children: [], rows: [], passed: 0, stability: 0 },
  });
  const groups: Group[] = [groupOf(-1, 0)];
  const open: { readonly node: number; readonly group: number }[] = [
    { node: 2 * count - 2, group: 0 },
  ];
  while (open.length > 0) {
    const { node, group } = open.pop()!;
    if (node < count) continue;
    const lambda = lambdas[node];
    const sides = [left[node], right[node]];
    const isSplit = sides.every((side) => sizes[side] >= least);
    for (const side of sides) {
      if (isSplit) {
        groups[group].children.push(groups.length);
        groups[group].passed += finite(lambda - groups[group].birth) * sizes[side];
        open.push({ node: side, group: groups.length });
        groups.push(groupOf(group, lambda));
      } else if (sizes[side] >= least) open.push({ node: side, group });
      else for (const row of leaves(merges, side, count)) groups[group].rows.push({ row, lambda });
    }
  }
  for (const group of groups) {
    group.stability = group.rows.reduce(
      (sum, { lambda }) => sum + finite(lambda - group.birth),
      group.passed,
    );
  }
  return groups;
}

/** Rows that are equal stay together for ever; and what was never apart lasts not at all. */
function finite(lasting: number): number {
  return Number.isNaN(lasting) ? 0 : Math.min(lasting, 1e12);
}

function* leaves({ left, right }: Merges, node: number, count: number): Generator<number> {
  const open = [node];
  while (open.length > 0) {
    const at = open.pop()!;
    if (at < count) yield at;
    else open.push(right[at], left[at]);
  }
}

/** Upwards from the leaves: a group is chosen where it lasts longer than what is chosen below it. */
function chosenOf(groups: readonly Group[]): ReadonlySet<number> {
  const best = groups.map(({ stability }) => stability);
  const chosen = new Set<number>();
  // Children come after their parents.
  for (let group = groups.length - 1; group > 0; group--) {
    const { children } = groups[group];
    const below = children.reduce((sum, child) => sum + best[child], 0);
    if (children.length > 0 && below > groups[group].stability) best[group] = below;
    else chosen.add(group);
  }
  for (let group = 1; group < groups.length; group++) {
    for (let above = groups[group].parent; above > 0; above = groups[above].parent) {
      if (chosen.has(above)) chosen.delete(group);
    }
  }
  return chosen;
}

function labelRows(groups: readonly Group[], chosen: ReadonlySet<number>, count: number): Selected {
  const owners = new Int32Array(count).fill(-1);
  const strengths = new Float32Array(count);
  for (let group = 1; group < groups.length; group++) {
    let owner = group;
    while (owner > 0 && !chosen.has(owner)) owner = groups[owner].parent;
    if (owner <= 0) continue;
    const longest = longestIn(groups, owner);
    for (const { row, lambda } of groups[group].rows) {
      owners[row] = owner;
      strengths[row] = lambda >= longest ? 1 : lambda / longest;
    }
  }
  const numbers = new Map<number, number>();
  for (const owner of owners) {
    if (owner >= 0 && !numbers.has(owner)) numbers.set(owner, numbers.size);
  }
  return { labels: owners.map((owner) => numbers.get(owner) ?? -1), strengths };
}

/** 1 / distance at which the last rows leave a group, or it splits. */
function longestIn(groups: readonly Group[], group: number): number {
  const { rows, children } = groups[group];
  const births = children.map((child) => groups[child].birth);
  return rows.reduce((most, { lambda }) => Math.max(most, lambda), Math.max(0, ...births));
}
