/** Markup as a tagged template: what is put in is text and is escaped; only markup made here goes in as it is. */

/** Markup that is safe to put in a page. A class, so that no parsed JSON can pass for one. */
export class Html {
  readonly #markup: string;

  constructor(markup: string) {
    this.#markup = markup;
  }

  toString(): string {
    return this.#markup;
  }
}

/** What a template takes: text and numbers are escaped, lists are joined, `undefined` and `false` leave nothing. */
export type Content = string | number | Html | undefined | false | readonly Content[];

/**
 * Markup, HTML and SVG alike. A value may stand between tags or inside a quoted attribute, not in a tag's name, an unquoted
 * attribute, or a script.
 */
export function html(parts: TemplateStringsArray, ...values: readonly Content[]): Html {
  return new Html(parts.reduce((before, part, i) => before + markup(values[i - 1]) + part));
}

function markup(content: Content): string {
  if (content instanceof Html) return content.toString();
  if (Array.isArray(content)) return content.map(markup).join("");
  return content === undefined || content === false ? "" : escapeText(String(content));
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Control characters and lone surrogates have no place in HTML or XML, not even escaped. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const FORBIDDEN = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]/gu;

function escapeText(text: string): string {
  return text
    .toWellFormed()
    .replace(FORBIDDEN, "\ufffd")
    .replace(/[&<>"']/gu, (character) => entities[character]);
}
