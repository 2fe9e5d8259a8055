import { writeDurably } from "../../durable.ts";
import type { ReportData } from "./data.ts";
import { type Html, html } from "./html.ts";
import { sections } from "./sections.ts";
import { style } from "./style.ts";
import { summary } from "./summary.ts";

/** Whatever a retrieved text holds, the browser runs and fetches nothing. */
const policy = html`<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">`;

/** What a page has besides its frame. */
export interface Page {
  readonly title: string;
  /** After the style of all pages. */
  readonly style?: Html;
  readonly body: Html;
  /** Below a rule at the end: what the figures are. */
  readonly notes: string;
}

/** A page of HTML: no script, nothing fetched, charts drawn inline. */
export function pageOf({ title, style: more, body, notes }: Page): string {
  return `${html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
${policy}
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<link rel="icon" href="data:,">
<title>${title}</title>
<style>${style}${more}</style>
</head>
<body>
<main>
${body}
</main>
<footer>
<p>${notes}</p>
</footer>
</body>
</html>
`}`;
}

/** A training run as one page. Text of the data is shown as text, whatever it holds. Same data, same page. */
export function renderReport(data: ReportData): string {
  return pageOf({
    title: data.title,
    body: html`${summary(data)}
${sections.map((section) => section(data))}`,
    notes:
      "nDCG@10 rewards right answers near the top of the first ten; recall@10 is the share of right answers among them. Both run from 0 to 1. Made by Nearfold.",
  });
}

/**
 * Writes the page, whole or not at all.
 * @throws io when the disk is full or the folder is read-only.
 */
export async function writeReport(path: string, data: ReportData): Promise<void> {
  await writeDurably(path, renderReport(data));
}
