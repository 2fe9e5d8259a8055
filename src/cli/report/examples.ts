/** What the model and BM25 find for the same query, side by side, the right answer marked. */
import type { ReportAnswers, ReportExample } from "./data.ts";
import { formatRank, shorten } from "./format.ts";
import { type Html, html } from "./html.ts";

const SHOWN = 5;
const QUERY = 400;
const TITLE = 120;
const TEXT = 220;

export function example({ query, answer, model, bm25 }: ReportExample): Html {
  return html`
<article class="example">
<p class="query" dir="auto">${shorten(query, QUERY)}</p>
<p class="answer">Right answer: <bdi class="name">${shorten(answer, TITLE)}</bdi></p>
<div class="pair">${answers("Model", "model", model)}${bm25 && answers("BM25", "bm25", bm25)}</div>
</article>`;
}

function answers(name: string, kind: "model" | "bm25", { hits, rank }: ReportAnswers): Html {
  return html`
<div class="answers ${kind}">
<h3>${name} <span class="rank">right answer ${rank === undefined ? "not found" : formatRank(rank)}</span></h3>
${hits.length === 0 && html`<p class="none">No results.</p>`}
<ol>${hits.slice(0, SHOWN).map(
    ({ title, text, right }) => html`
<li class="${right ? "right" : "other"}"><p class="name" dir="auto">${shorten(title, TITLE)}${right && html`<span class="mark"> ✓<span class="unseen"> right answer</span></span>`}</p>${text !== undefined && html`<p class="text" dir="auto">${shorten(text, TEXT)}</p>`}</li>`,
  )}</ol>
</div>`;
}
