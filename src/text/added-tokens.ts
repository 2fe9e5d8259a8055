/** Added tokens: cut out of a text before the rest is normalized and given to the model. */
import type { AddedToken } from "./tokenizer-file.ts";

/** A stretch of text, or the added token that stands there. */
export type Section = string | AddedToken;

interface TrieNode {
  readonly next: Map<number, TrieNode>;
  token?: AddedToken;
}

const WORD_AT_END = /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]$/u;
const WORD_AT_START = /^[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]/u;

/**
 * A function that cuts a text at the leftmost, longest matches of `tokens`, each looked for under its spelling.
 * Empty stretches are left out. (tokenizers/src/tokenizer/added_vocabulary.rs)
 */
export function createSplitter(
  tokens: Iterable<readonly [spelling: string, token: AddedToken]>,
): (text: string) => Section[] {
  const root: TrieNode = { next: new Map() };
  for (const [spelling, token] of tokens) {
    if (spelling === "") continue;
    let node = root;
    for (let i = 0; i < spelling.length; i++) {
      const code = spelling.charCodeAt(i);
      let child = node.next.get(code);
      if (child === undefined) {
        child = { next: new Map() };
        node.next.set(code, child);
      }
      node = child;
    }
    node.token ??= token;
  }
  if (root.next.size === 0) return (text) => (text === "" ? [] : [text]);
  return (text) => split(text, root);
}

function split(text: string, root: TrieNode): Section[] {
  const sections: Section[] = [];
  let from = 0;
  for (let i = 0; i < text.length; ) {
    const match = longestMatch(text, i, root);
    if (match === undefined) {
      i++;
      continue;
    }
    const { token, end } = match;
    if (!token.single_word || standsAlone(text, i, end)) {
      const before = text.slice(from, i);
      const kept = token.lstrip ? before.trimEnd() : before;
      if (kept !== "") sections.push(kept);
      sections.push(token);
      from = token.rstrip ? skipSpace(text, end) : end;
    }
    i = Math.max(from, end);
  }
  if (from < text.length) sections.push(text.slice(from));
  return sections;
}

function longestMatch(text: string, start: number, root: TrieNode) {
  let found: { token: AddedToken; end: number } | undefined;
  let node = root.next.get(text.charCodeAt(start));
  for (let i = start + 1; node !== undefined; i++) {
    if (node.token !== undefined) found = { token: node.token, end: i };
    node = i < text.length ? node.next.get(text.charCodeAt(i)) : undefined;
  }
  return found;
}

function standsAlone(text: string, start: number, end: number): boolean {
  return (
    !WORD_AT_END.test(text.slice(Math.max(0, start - 2), start)) &&
    !WORD_AT_START.test(text.slice(end, end + 2))
  );
}

function skipSpace(text: string, start: number): number {
  let end = start;
  while (end < text.length && /\s/.test(text[end])) end++;
  return end;
}
