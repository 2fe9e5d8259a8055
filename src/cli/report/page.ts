import { createHash } from "node:crypto";
import { writeDurably } from "../../durable.ts";
import type { ReportData } from "./data.ts";
import { Html, html } from "./html.ts";
import { sections } from "./sections.ts";
import { style } from "./style.ts";
import { summary } from "./summary.ts";

/** Whatever a retrieved text holds, the browser fetches nothing, and runs nothing but the page's own script, by its hash. */
function policyOf(script: PageScript | undefined): Html {
  const own = script ? ` script-src 'sha256-${hashOf(script.code)}';` : "";
  return html`<meta http-equiv="Content-Security-Policy" content="${new Html(`default-src 'none'; style-src 'unsafe-inline';${own} img-src data:`)}">`;
}

function hashOf(code: string): string {
  return createHash("sha256").update(code).digest("base64");
}

/** What a page runs, and what it runs on. */
export interface PageScript {
  readonly code: string;
  /** JSON, which the script finds under the id "data". */
  readonly data: object;
}

/** No character of the data ends its element or begins another. */
function scripts({ code, data }: PageScript): Html {
  const json = JSON.stringify(data).replaceAll("<", "\\u003c");
  return new Html(
    `<script type="application/json" id="data">${json}</script>\n<script>${code}</script>`,
  );
}

/** What a page has besides its frame. */
export interface Page {
  readonly title: string;
  /** After the style of all pages. */
  readonly style?: Html;
  readonly body: Html;
  /** Below a rule at the end: what the figures are. */
  readonly notes: string;
  /** @default none */
  readonly script?: PageScript;
}

/** A page of HTML: nothing fetched, charts drawn inline, no script unless it is given. */
export function pageOf({ title, style: more, body, notes, script }: Page): string {
  return `${html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
${policyOf(script)}
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
${script && scripts(script)}</body>
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
