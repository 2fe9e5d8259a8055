/** Tables: in the open beside a chart, or folded away behind one for those who want its figures. */
import { type Content, type Html, html } from "./html.ts";

export interface Column {
  readonly name: string;
  /** Numbers stand at the right. @default "text" */
  readonly kind?: "text" | "number";
}

/** The first cell of each row is its heading. */
export function table(
  caption: string,
  columns: readonly Column[],
  rows: readonly (readonly Content[])[],
): Html {
  const kind = (i: number) => columns[i].kind ?? "text";
  return html`<div class="scroll"><table>
<caption>${caption}</caption>
<thead><tr>${columns.map(({ name }, i) => html`<th scope="col" class="${kind(i)}">${name}</th>`)}</tr></thead>
<tbody>${rows.map(
    (row) => html`
<tr>${row.map((cell, i) =>
      i === 0
        ? html`<th scope="row" class="${kind(i)}">${cell}</th>`
        : html`<td class="${kind(i)}">${cell}</td>`,
    )}</tr>`,
  )}
</tbody>
</table></div>`;
}

/** A chart with its heading and, behind it, its figures. */
export function figure(title: string, chart: Html, figures?: Html): Html {
  return html`<figure>
<figcaption>${title}</figcaption>
${chart}
${figures && html`<details><summary>Figures</summary>${figures}</details>`}
</figure>`;
}
