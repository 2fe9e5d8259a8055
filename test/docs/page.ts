/** A page of docs/ as its blocks: what a reader types, what they are shown, and the files they are told of. */

/** What becomes of a block. */
const kinds = {
  sh: "commands, one a line, which are run",
  text: "an excerpt of what the block before it prints",
  ts: "a program, which is checked and run",
  jsonl: "rows of the file that is named after it",
  json: "the file that is named after it",
  python: "left alone: bench/peers runs the same calls",
  js: "left alone, as python",
  console: "what a reader types into other programs: left alone",
} as const;

type Kind = keyof typeof kinds;

export interface Block {
  readonly kind: Kind;
  /** The file that it is, or is a part of. */
  readonly file?: string;
  readonly code: string;
  /** Where it is: "docs/page.md:12". */
  readonly at: string;
}

const FENCE = /^```(?<kind>\w*) ?(?<file>\S*)\n(?<code>[\s\S]*?)^```$/gm;

/** @throws for a block of another kind */
export function parsePage(markdown: string, name: string): readonly Block[] {
  const blocks = [...markdown.matchAll(FENCE)].map(({ groups, index }) => {
    const { kind, file, code } = groups as Record<"kind" | "file" | "code", string>;
    const at = `${name}:${markdown.slice(0, index).split("\n").length + 1}`;
    if (!Object.hasOwn(kinds, kind)) throw new Error(`${at}: a block of no known kind, "${kind}"`);
    return { kind: kind as Kind, code, at, ...(file && { file }) };
  });
  const fences = markdown.match(/^```/gm)?.length ?? 0;
  if (fences !== 2 * blocks.length) throw new Error(`${name}: a fence without its other one`);
  return blocks;
}
