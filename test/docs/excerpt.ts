/** What a page shows of an output, compared with the output, figures aside: those of a page are of real data. */

/** A line in which every figure that is no part of a name looks alike, and so does every space of time. */
function withoutFigures(line: string): string {
  return line
    .trim()
    .replaceAll(/\s+/g, " ")
    .replaceAll(/(?<![\w@.-])-?\d+(?:\.\d+)?(?![\w@])/g, "#")
    .replaceAll(/(?:# (?:h|min) )*# (?:s|min)\b/g, "# s")
    .replaceAll(/[<=] #/g, "= #");
}

/** The lines of an excerpt that are no line of the output; "…" stands for lines left out. */
export function strangeLines(excerpt: string, output: string): readonly string[] {
  const known = new Set(output.split("\n").map(withoutFigures));
  const shown = excerpt.split("\n").filter((line) => !["", "…"].includes(line.trim()));
  return shown.filter((line) => !known.has(withoutFigures(line)));
}
