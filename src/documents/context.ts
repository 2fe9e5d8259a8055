/** What a passage can't say of itself: where it stands. */
export interface ContextParts {
  readonly title?: string | undefined;
  readonly headings: readonly string[];
  /** The names of a table's columns. */
  readonly header?: string | undefined;
}

/** UTF-16 units of a context for each token that a passage may have: at most about half of the passage. */
const UNITS_PER_TOKEN = 2;

/** "Title › Heading › Heading", and the columns on a line below. Where that is long the outermost give way. */
export function contextOf({ title, headings, header }: ContextParts, maxTokens: number): string {
  const path = title === undefined || headings.includes(title) ? headings : [title, ...headings];
  const most = UNITS_PER_TOKEN * maxTokens;
  let from = 0;
  while (from < path.length - 1 && lengthOf(path, from) > most) from++;
  const lines = [path.slice(from).join(" › "), ...(header === undefined ? [] : [header])];
  const context = lines.filter((line) => line !== "").join("\n");
  return context.slice(0, most).toWellFormed().trim();
}

function lengthOf(path: readonly string[], from: number): number {
  return path.slice(from).join(" › ").length;
}

/** A passage as a model is to read it: after its context. */
export function contextualText({
  context,
  text,
}: {
  readonly context: string;
  readonly text: string;
}): string {
  return context === "" ? text : `${context}\n\n${text}`;
}
