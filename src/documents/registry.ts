import { extname } from "node:path";
import type { DocumentKind } from "./document.ts";
import { html } from "./kinds/html.ts";
import { markdown } from "./kinds/markdown.ts";
import { pdf } from "./kinds/pdf.ts";
import { plainText } from "./kinds/plain-text.ts";

/** Every kind of document. Adding one: a file, and a line here. */
export const documentKinds = {
  markdown,
  html,
  text: plainText,
  pdf,
} as const satisfies Record<string, DocumentKind>;

export type KindName = keyof typeof documentKinds;

/** The kind that a name ends like. */
export function kindOf(path: string): KindName | undefined {
  const extension = extname(path).toLowerCase();
  const names = Object.keys(documentKinds) as KindName[];
  return names.find((name) => documentKinds[name].extensions.includes(extension));
}

/** Whether a file of this name is read as a document with structure: Markdown, HTML, plain text or PDF. */
export function isDocumentPath(path: string): boolean {
  return kindOf(path) !== undefined;
}
