import type { DocumentKind } from "../document.ts";

/** What a browser shows: no scripts, no styles, white space as one space but in `pre`, a table's row as a line. */
export const html: DocumentKind = {
  extensions: [".html", ".htm", ".xhtml"],
  maxBytes: 32 * 2 ** 20,
  apart: true,
  // Its parser is loaded with the first of them.
  read: async (bytes, at) => (await import("../html-reader.ts")).readHtml(bytes, at),
};
