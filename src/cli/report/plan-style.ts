/** Colours of a plan's picture: one for each body, told apart by people who see few of them too. */
import { Html } from "./html.ts";

const hues = ["c1", "c2", "c3", "c4", "c5", "c6"] as const;

/** Bodies in their order, each with a class; there are more bodies than colours only where somebody asks for many. */
export function coloursOf(bodies: readonly string[]): ReadonlyMap<string, string> {
  return new Map([...new Set(bodies)].map((name, i) => [name, hues[i % hues.length]]));
}

/** Of Okabe and Ito's palette (2008), darkened to be read as letters. */
const light =
  "--c1: #33373d; --c2: #0b7268; --c3: #b8500f; --c4: #7b3f9d; --c5: #1f66ad; --c6: #96730a;";
const dark =
  "--c1: #d6d8da; --c2: #53cdbd; --c3: #f19a57; --c4: #c79ae0; --c5: #78b4ee; --c6: #e0bd55;";

const rules = `
.plan-grid { stroke: var(--grid); } .plan-line { stroke: var(--soft); }
.plan-limit { stroke: var(--ink); stroke-width: 1.2; stroke-dasharray: 5 4; }
.plan-meets { fill: var(--wash); }
.plan text { font: 12.5px var(--sans); font-variant-numeric: tabular-nums; fill: var(--ink); }
.plan .plan-tick { fill: var(--soft); }
.plan .plan-axis { font-size: 13.5px; }
.plan .strong, .plan .plan-name { font-weight: 600; }
.plan .plan-required { fill: var(--ink); font-style: italic; }
.plan .halo { paint-order: stroke; stroke: var(--paper); stroke-width: 4px; stroke-linejoin: round; }
.plan-mark.c1, .plan-ring.c1, .plan-curve.c1 { color: var(--c1); } .plan text.c1 { fill: var(--c1); }
.plan-mark.c2, .plan-ring.c2, .plan-curve.c2 { color: var(--c2); } .plan text.c2 { fill: var(--c2); }
.plan-mark.c3, .plan-ring.c3, .plan-curve.c3 { color: var(--c3); } .plan text.c3 { fill: var(--c3); }
.plan-mark.c4, .plan-ring.c4, .plan-curve.c4 { color: var(--c4); } .plan text.c4 { fill: var(--c4); }
.plan-mark.c5, .plan-ring.c5, .plan-curve.c5 { color: var(--c5); } .plan text.c5 { fill: var(--c5); }
.plan-mark.c6, .plan-ring.c6, .plan-curve.c6 { color: var(--c6); } .plan text.c6 { fill: var(--c6); }
.plan-mark circle { stroke: currentColor; stroke-width: 1.8; fill: currentColor; }
.plan-mark.float circle { fill: var(--paper); }
.plan-mark.beaten { opacity: .28; } .plan-mark:hover { opacity: 1; } .plan-mark:hover circle { stroke-width: 4; }
.plan-key { color: var(--soft); }
.plan-whisker { stroke: currentColor; stroke-width: 1.2; opacity: .38; }
.plan-curve { fill: none; stroke: currentColor; stroke-width: 1.3; opacity: .5; }
.plan-ring { fill: none; stroke: currentColor; stroke-width: 2.4; }
`;

const sans = `system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Helvetica Neue", Arial, sans-serif`;

export const planStyle = {
  /** Beside the style of all reports, whose other colours it takes. */
  page: new Html(`
:root { ${light} }
@media screen and (prefers-color-scheme: dark) { :root { ${dark} } }
${rules}
figure svg.plan { max-width: none; }
.scroll pre { font: 13px/1.7 var(--mono); padding: 16px 18px; background: var(--tint); border-radius: 6px; overflow-x: auto; }
.plan-model { display: block; min-width: 220px; } .plan-model small { display: block; color: var(--soft); font-size: 12.5px; }
@media (max-width: 640px) { .plan text { font-size: 15px; } }
`),
  /** On white, wherever it is shown. */
  standalone: new Html(`
.plan { ${light} --paper: #fdfdfc; --ink: #1b1d20; --soft: #5f646b; --grid: #ecece8; --wash: #0b726814; --sans: ${sans}; }
.ground { fill: var(--paper); }
${rules}`),
} as const;
