import type { DocumentKind } from "../document.ts";

/** CommonMark with GitHub's tables. The text is the file's own, so that an offset is one of the file; front matter and comments are no blocks. */
export const markdown: DocumentKind = {
  extensions: [".md", ".markdown", ".mdown"],
  maxBytes: 16 * 2 ** 20,
  apart: true,
  // Its parser is loaded with the first of them.
  read: async (bytes, at) => (await import("../markdown-reader.ts")).readMarkdown(bytes, at),
};
