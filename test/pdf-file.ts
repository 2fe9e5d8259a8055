/** A PDF as small as one can be: lines of text at given sizes, and what else a test wants in it. */

export interface PdfText {
  readonly text: string;
  /** In points. */
  readonly size: number;
  /** Points from the page's bottom. */
  readonly y: number;
}

export interface PdfFileOptions {
  readonly title?: string;
  /** Entries of the trailer or the catalog, as they are written. */
  readonly trailer?: string;
  readonly catalog?: string;
  /** Whole objects more: the first has the number 4 + 2 · pages. */
  readonly objects?: readonly string[];
}

export function pdfFile(
  pages: readonly (readonly PdfText[])[],
  { title, trailer = "", catalog = "", objects: more = [] }: PdfFileOptions = {},
): Uint8Array<ArrayBuffer> {
  const kids = pages.map((_, i) => `${4 + 2 * i} 0 R`).join(" ");
  const objects = [
    `<< /Type /Catalog /Pages 2 0 R ${catalog} >>`,
    `<< /Type /Pages /Kids [${kids}] /Count ${pages.length} >>`,
    "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ...pages.flatMap((lines, i) => {
      const content = lines.map(show).join("\n");
      const resources = "/Resources << /Font << /F 3 0 R >> >>";
      return [
        `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] ${resources} /Contents ${5 + 2 * i} 0 R >>`,
        `<< /Length ${content.length} >>\nstream\n${content}\nendstream`,
      ];
    }),
    ...more,
    ...(title === undefined ? [] : [`<< /Title (${literal(title)}) >>`]),
  ];
  let file = "%PDF-1.7\n";
  const offsets = objects.map((object, i) => {
    const offset = file.length;
    file += `${i + 1} 0 obj\n${object}\nendobj\n`;
    return offset;
  });
  const table = offsets.map((offset) => `${String(offset).padStart(10, "0")} 00000 n \n`).join("");
  const info = title === undefined ? "" : `/Info ${objects.length} 0 R`;
  const size = objects.length + 1;
  const end = `trailer\n<< /Size ${size} /Root 1 0 R ${info} ${trailer} >>\nstartxref\n${file.length}\n%%EOF\n`;
  return Uint8Array.from(
    Buffer.from(`${file}xref\n0 ${size}\n0000000000 65535 f \n${table}${end}`, "latin1"),
  );
}

function show({ text, size, y }: PdfText): string {
  return `BT /F ${size} Tf 50 ${y} Td (${literal(text)}) Tj ET`;
}

function literal(text: string): string {
  return text.replaceAll(/[\\()]/g, "\\$&");
}
