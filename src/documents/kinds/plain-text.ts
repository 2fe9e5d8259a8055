import { decodeText } from "../decode.ts";
import type { DocumentKind } from "../document.ts";
import { paragraphs } from "../paragraphs.ts";
import { Sections } from "../sections.ts";

/** Paragraphs with empty lines between them. */
export const plainText: DocumentKind = {
  extensions: [".txt", ".text"],
  maxBytes: 64 * 2 ** 20,
  apart: false,
  read: (bytes, at) => {
    const text = decodeText(bytes, at);
    const sections = new Sections();
    for (const place of paragraphs(text)) sections.add("paragraph", place);
    return { text, blocks: sections.blocks };
  },
};
