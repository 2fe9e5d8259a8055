import { Html } from "./html.ts";

/** One accent for the model, one grey for BM25, system fonts; light, dark and paper. */
export const style = new Html(`
:root {
  color-scheme: light dark;
  --paper: #fdfdfc; --ink: #1b1d20; --soft: #5f646b; --rule: #e4e4e0; --grid: #ecece8;
  --model: #0b7268; --wash: #0b72681a; --bm25: #6c7077; --tint: #0b72680d;
  --sans: system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Helvetica Neue", Arial, sans-serif;
  --mono: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --paper: #141618; --ink: #e9eaea; --soft: #a0a5ab; --rule: #2c3034; --grid: #25282c;
    --model: #53cdbd; --wash: #53cdbd24; --bm25: #92979e; --tint: #53cdbd12;
  }
}
* { box-sizing: border-box; margin: 0; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  background: var(--paper); color: var(--ink);
  font: 16px/1.55 var(--sans); font-variant-numeric: tabular-nums; text-wrap: pretty;
  overflow-wrap: anywhere;
}
main, footer { max-width: 960px; margin-inline: auto; padding-inline: 24px; }
main { padding-block-start: 72px; }
.model { color: var(--model); }
.bm25, .count { color: var(--bm25); }
.unseen, section > .scroll caption { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }

.eyebrow { color: var(--soft); font-size: 13px; letter-spacing: .02em; }
h1 { font-size: 38px; line-height: 1.15; letter-spacing: -.02em; font-weight: 650; margin-block: 6px 14px; text-wrap: balance; }
.description { font-size: 18px; max-width: 38em; }
.meta { color: var(--soft); font-size: 14px; margin-block-start: 14px; }
.meta span::before { content: "·"; margin-inline: .6em; }
.verdict { font-size: 22px; line-height: 1.4; letter-spacing: -.01em; max-width: 34em; margin-block-start: 48px; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 28px 32px; margin-block-start: 32px; padding-block: 24px; border-block: 1px solid var(--rule); }
.figures dt { color: var(--soft); font-size: 14px; }
.figures .value { font-size: 32px; line-height: 1.25; letter-spacing: -.02em; font-weight: 600; }
.figures .note { color: var(--soft); font-size: 14px; }

section { margin-block-start: 80px; }
h2 { font-size: 24px; line-height: 1.25; letter-spacing: -.015em; font-weight: 650; }
.lead { color: var(--soft); max-width: 40em; margin-block-start: 6px; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 400px), 1fr)); gap: 40px 48px; margin-block-start: 28px; align-items: start; }
.pair > * { min-width: 0; }

figcaption { font-size: 14px; font-weight: 600; margin-block-end: 12px; }
figure svg { display: block; width: 100%; max-width: 560px; height: auto; overflow: visible; }
svg text { font: 12.5px var(--sans); font-variant-numeric: tabular-nums; fill: var(--ink); }
svg .tick { fill: var(--soft); }
svg .strong, svg .group { font-weight: 600; }
svg .halo, svg .strong { paint-order: stroke; stroke: var(--paper); stroke-width: 4px; stroke-linejoin: round; }
svg text.model { fill: var(--model); }
svg text.bm25 { fill: var(--bm25); }
.grid { stroke: var(--grid); }
.axis { stroke: var(--rule); }
.line, .whisker { fill: none; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; }
.line.model, .whisker.model { stroke: var(--model); }
.line.bm25, .whisker.bm25 { stroke: var(--bm25); }
.line.bm25 { stroke-width: 1.5; stroke-dasharray: 1 5; }
.line.faint { stroke: var(--model); stroke-width: 1; opacity: .25; }
.band { fill: var(--wash); }
.dot { stroke-width: 2; }
.dot.model { fill: var(--model); stroke: var(--model); }
.dot.bm25 { fill: var(--paper); stroke: var(--bm25); }

details { margin-block-start: 8px; font-size: 14px; }
summary { color: var(--soft); cursor: pointer; width: fit-content; }
summary:hover { color: var(--ink); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 14px; line-height: 1.5; }
caption { text-align: start; font-weight: 600; margin-block-end: 8px; }
th, td { text-align: start; vertical-align: baseline; font-weight: 400; padding: 8px 0 8px 16px; border-block-end: 1px solid var(--rule); overflow-wrap: normal; }
th:first-child { padding-inline-start: 0; }
thead th { color: var(--soft); padding-block: 4px; }
.number { text-align: end; white-space: nowrap; }
.bar { display: block; width: 160px; height: 6px; }
.bar rect { fill: var(--ink); opacity: .28; }
section > .scroll { margin-block-start: 20px; }

.example { margin-block-start: 40px; padding-block-start: 24px; border-block-start: 1px solid var(--rule); break-inside: avoid; }
.query { font-size: 19px; line-height: 1.45; letter-spacing: -.005em; max-width: 42em; }
.answer { color: var(--soft); font-size: 14px; margin-block-start: 6px; }
.example .pair { margin-block-start: 20px; gap: 28px 48px; }
.name { font: 13.5px/1.5 var(--mono); }
.answers h3 { font-size: 14px; font-weight: 600; }
.answers.model h3 { color: var(--model); }
.answers.bm25 h3 { color: var(--bm25); }
.rank { color: var(--soft); font-weight: 400; margin-inline-start: .5em; }
.answers ol { list-style: none; counter-reset: hit; padding: 0; margin-block-start: 6px; }
.answers li { counter-increment: hit; position: relative; padding: 7px 10px 7px 30px; border-radius: 6px; color: var(--soft); }
.answers li::before { content: counter(hit); position: absolute; inset-inline-start: 10px; inset-block-start: 7px; font: 13px/20px var(--sans); color: var(--soft); }
.answers li .text { font-size: 13px; line-height: 1.45; display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 2; overflow: hidden; }
.answers .right { background: var(--tint); }
.answers .right .name { color: var(--ink); font-weight: 600; }
.mark { color: var(--model); }
.none { color: var(--soft); }

.settings { columns: 2; column-gap: 48px; margin-block-start: 24px; font-size: 14px; }
.settings div { display: flex; justify-content: space-between; gap: 24px; padding-block: 7px; border-block-end: 1px solid var(--rule); break-inside: avoid; }
.settings dt { color: var(--soft); }
.settings dd { text-align: end; }

footer { margin-block: 88px 56px; color: var(--soft); font-size: 13px; }
footer p { max-width: 52em; border-block-start: 1px solid var(--rule); padding-block-start: 20px; }

@media (max-width: 640px) {
  main, footer { padding-inline: 18px; }
  main { padding-block-start: 40px; }
  h1 { font-size: 29px; }
  .description { font-size: 17px; }
  .verdict { font-size: 19px; margin-block-start: 32px; }
  .figures { grid-template-columns: 1fr 1fr; gap: 22px 20px; }
  .figures .value { font-size: 26px; }
  section { margin-block-start: 60px; }
  svg text { font-size: 15px; }
  .settings { columns: 1; }
  .bar { width: 72px; }
  table { font-size: 13px; }
  th, td { padding-inline-start: 9px; }
}
@media print {
  @page { margin: 18mm 16mm; }
  :root { --paper: #fff; }
  body { font-size: 10.5pt; }
  .scroll { overflow: visible; }
  table { font-size: 8.5pt; }
  th, td { padding-inline-start: 7pt; }
  main, footer { padding: 0; max-width: none; }
  section { margin-block-start: 36pt; }
  h2, .lead, figcaption { break-after: avoid; }
  figure, table, .lead, .figures, .pair { break-inside: avoid; }
  .pair { grid-template-columns: 1fr 1fr; gap: 20pt; }
  details { display: none; }
  * { print-color-adjust: exact; }
}
`);
