/** A text as it is compared with others: Unicode NFKC, lower case, white space as single spaces, ends trimmed. */
export function normalizeText(text: string): string {
  return text.normalize("NFKC").toLowerCase().replace(/\s+/gu, " ").trim();
}
