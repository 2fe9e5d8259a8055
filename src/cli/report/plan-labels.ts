/** Names beside the points of a plan's picture, where none covers another. */
import type { PlanMeasured } from "../plan-measure.ts";
import { label, type Scale } from "./chart.ts";
import { type Html, html } from "./html.ts";

interface Where {
  readonly panel: {
    readonly x: Scale;
    readonly plot: { readonly left: number; readonly right: number };
  };
  readonly y: Scale;
  readonly colour: (one: PlanMeasured) => string;
}

interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
}

/** Of letters of 12.5 units, on the safe side. */
const LETTER = 6.7;
const LINE = 16;

/** Each body by its name, at its best point, or at the choice, which says what it is. */
export function placeLabels(
  seen: readonly PlanMeasured[],
  front: readonly PlanMeasured[],
  chosen: PlanMeasured | undefined,
  { panel, y, colour }: Where,
): Html {
  const best = new Map<string, PlanMeasured>();
  for (const one of seen) {
    const { name } = one.candidate.backbone.body;
    const known = best.get(name);
    if (!known || rank(one, front) > rank(known, front)) best.set(name, one);
  }
  if (chosen) best.set(chosen.candidate.backbone.body.name, chosen);
  const placed: Box[] = [];
  const names = [...best.values()].toSorted((a, b) => a.queryP95Ms - b.queryP95Ms);
  const marks = names.map((one) => {
    const { about, name } = one.candidate.backbone.body;
    const isChosen = chosen?.candidate.backbone.body.name === name;
    const text = isChosen ? `${about} (chosen)` : about;
    const point = { x: panel.x(one.queryP95Ms), y: y(one.kept) };
    const box = freePlace(point, text, placed, panel.plot);
    placed.push(box);
    return label({ x: box.x, y: box.y, kind: `plan-name halo ${colour(one)}` }, text);
  });
  return html`${marks}`;
}

/** Those of the front before others, then by what they keep. */
function rank(one: PlanMeasured, front: readonly PlanMeasured[]): number {
  return one.kept + (front.includes(one) ? 1 : 0);
}

/** Above the point, or as far above or below as it is free; within the panel. */
export function freePlace(
  point: { readonly x: number; readonly y: number },
  text: string,
  placed: readonly Box[],
  { left, right }: { readonly left: number; readonly right: number },
): Box {
  const width = text.length * LETTER;
  const x = Math.min(Math.max(left + 2, point.x - width / 2), right - width);
  const tries = Array.from({ length: 12 }, (_, i) => point.y - 16 - i * LINE);
  const isFree = (y: number) =>
    placed.every(
      (box) => Math.abs(box.y - y) >= LINE || box.x + box.width < x || x + width < box.x,
    );
  return { x, y: tries.find(isFree) ?? tries[0], width };
}
