/** The top of the page: what it is about, how it went in a sentence, and the figures that matter. */
import type { ReportData, ReportQuality } from "./data.ts";
import {
  formatCount,
  formatInterval,
  formatMegabytes,
  formatP,
  formatRatio,
  formatScore,
  formatSeconds,
  formatShare,
  formatWhen,
} from "./format.ts";
import { type Content, type Html, html } from "./html.ts";

export function summary({ title, description, when, machine, quality, cost }: ReportData): Html {
  const all = quality?.[0];
  const figures = [...(all ? qualityFigures(all) : []), ...(cost ? costFigures(cost) : [])];
  return html`<header>
<p class="eyebrow">Training report</p>
<h1>${title}</h1>
${description && html`<p class="description">${description}</p>`}
<p class="meta"><time datetime="${dateTime(when)}">${formatWhen(when)}</time>${machine && html`<span>${machine}</span>`}</p>
${all && html`<p class="verdict">${verdict(all)}</p>`}
${figures.length > 0 && html`<dl class="figures">${figures}</dl>`}
</header>`;
}

/** What the comparison allows to say; below p = 0.05 two systems differ. */
export function verdict({ queries, model, bm25, p }: ReportQuality): string {
  const over = `over ${formatCount(queries)} ${queries === 1 ? "query" : "queries"}`;
  const score = formatScore(model.ndcg10.mean);
  if (!bm25) return `nDCG@10 is ${score} ${over}.`;
  const both = `nDCG@10 is ${score} ${over}, where BM25 reaches ${formatScore(bm25.ndcg10.mean)}`;
  if (p === undefined) return `${both}.`;
  const chance = `(paired test, ${formatP(p)})`;
  if (!(p < 0.05)) return `${both}: too close to call ${chance}.`;
  if (model.ndcg10.mean < bm25.ndcg10.mean) return `${both}: keyword search is better ${chance}.`;
  const ratio = model.ndcg10.mean / bm25.ndcg10.mean;
  const better = Number.isFinite(ratio) && ratio >= 1.05 ? `${formatRatio(ratio)} as much` : "more";
  return `${both}: ${better}, which chance hardly explains ${chance}.`;
}

function qualityFigures({ model, bm25 }: ReportQuality): readonly Html[] {
  return [
    figure(
      "nDCG@10",
      formatScore(model.ndcg10.mean),
      `${formatShare(0.95)}: ${formatInterval(model.ndcg10)}`,
      true,
    ),
    figure(
      "Recall@10",
      formatScore(model.recall10),
      bm25 && `BM25: ${formatScore(bm25.recall10)}`,
      true,
    ),
  ];
}

function costFigures(cost: NonNullable<ReportData["cost"]>): readonly Html[] {
  return [
    figure(
      "Training",
      formatSeconds(cost.trainSeconds),
      `of ${formatSeconds(cost.totalSeconds)} in all`,
    ),
    figure("Memory", formatMegabytes(cost.peakMemoryMb), "at its peak"),
  ];
}

function figure(name: string, value: string, note: Content, accent = false): Html {
  return html`
<div><dt>${name}</dt><dd class="${accent ? "value model" : "value"}">${value}</dd>${note && html`<dd class="note">${note}</dd>`}</div>`;
}

function dateTime(when: Date): string | undefined {
  return Number.isNaN(when.getTime()) ? undefined : when.toISOString();
}
