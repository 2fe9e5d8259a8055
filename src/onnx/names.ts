/** Names that no two things of a model share. */
export interface Names {
  /** Takes a name as it is; false when it is taken already. */
  readonly reserve: (name: string) => boolean;
  /** The name itself when it is free, else with the first free number: `MatMul`, `MatMul_1`, … */
  readonly unique: (name: string) => string;
}

/** Deterministic: the same requests in the same order give the same names. */
export function makeNames(): Names {
  const taken = new Set<string>();
  const counts = new Map<string, number>();
  const reserve = (name: string) => {
    const free = !taken.has(name);
    taken.add(name);
    return free;
  };
  const unique = (name: string) => {
    let candidate = name;
    let count = counts.get(name) ?? 0;
    while (!reserve(candidate)) candidate = `${name}_${++count}`;
    counts.set(name, count);
    return candidate;
  };
  return { reserve, unique };
}

/** A node's name as the file has it, unless it says no more than `unique` would make of the op again. */
export function givenName(op: string, name: string | undefined): string | undefined {
  if (!name || name === op) return undefined;
  return name.startsWith(`${op}_`) && /^\d+$/.test(name.slice(op.length + 1)) ? undefined : name;
}
