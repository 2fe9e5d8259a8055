/** The map of a collection as one page: a person can zoom, pan, point and search. */
import { writeDurably } from "../../durable.ts";
import { formatCount, shorten } from "./format.ts";
import { html } from "./html.ts";
import { mapScript } from "./map-script.ts";
import { mapStyle } from "./map-style.ts";
import { pageOf } from "./page.ts";

export interface MapData {
  readonly title: string;
  /** What was grouped, and how. */
  readonly description: string;
  readonly points: readonly MapPoint[];
  /** The largest first, noise last. */
  readonly clusters: readonly MapCluster[];
  /** Texts that the map leaves out. */
  readonly leftOut: number;
}

export interface MapPoint {
  readonly x: number;
  readonly y: number;
  readonly cluster: number;
  readonly id: string;
  readonly text: string;
}

export interface MapCluster {
  /** -1 for noise. */
  readonly cluster: number;
  readonly size: number;
  readonly terms: readonly string[];
}

/** Characters of a text that the map shows. */
const SHOWN = 240;

/** Writes the page, whole or not at all. @throws io */
export async function writeMap(path: string, data: MapData): Promise<void> {
  await writeDurably(path, renderMap(data));
}

/** One script, named by its hash; nothing is fetched. Text is shown as text, whatever it holds. Same data, same page. */
export function renderMap(data: MapData): string {
  const { title, description, points, clusters, leftOut } = data;
  const named = clusters.map(({ cluster, size, terms }) => ({
    cluster,
    size,
    name: cluster < 0 ? "in no group" : terms.join(" · ") || `group ${cluster}`,
  }));
  const body = html`<header>
<p class="eyebrow">Map of a collection</p>
<h1>${title}</h1>
<p class="description">${description}</p>
</header>
<div class="map">
<div class="map-bar"><input id="search" type="search" placeholder="Search the texts" aria-label="Search the texts" autocomplete="off" spellcheck="false"><output id="found"></output><span class="map-buttons"><button id="in" type="button" aria-label="Zoom in">+</button><button id="out" type="button" aria-label="Zoom out">−</button><button id="all" type="button">All</button></span></div>
<div class="map-view"><canvas id="canvas" tabindex="0" role="img" aria-label="${formatCount(points.length)} texts as points, near ones alike"></canvas><div id="tip" hidden></div></div>
<ol id="groups" class="map-groups">${named.map(
    ({ size, name }, i) =>
      html`<li><button type="button" data-group="${i}" aria-pressed="false"><i></i><span>${name}</span><b>${formatCount(size)}</b></button></li>`,
  )}</ol>
</div>`;
  return pageOf({
    title,
    style: mapStyle,
    body,
    notes: `Points that are near each other are texts that are alike; distances between far ones say little (UMAP, by cosine). Terms are those that tell a group from the others (c-TF-IDF). Drag to move, turn the wheel to zoom, choose a group to see it alone.${leftOut > 0 ? ` ${formatCount(leftOut)} more texts are grouped and not drawn.` : ""} Made by Nearfold.`,
    script: { code: mapScript, data: { clusters: named, ...columnsOf(points, clusters) } },
  });
}

/** Points as lists of numbers and texts, places as whole thousandths of the page's square. */
function columnsOf(points: readonly MapPoint[], clusters: readonly MapCluster[]) {
  const places = new Map(clusters.map(({ cluster }, i) => [cluster, i]));
  const [xs, ys] = [scaled(points.map(({ x }) => x)), scaled(points.map(({ y }) => y))];
  return {
    x: xs,
    y: ys,
    group: points.map(({ cluster }) => places.get(cluster) ?? 0),
    id: points.map(({ id }) => shorten(id, 60)),
    text: points.map(({ text }) => shorten(text.replace(/\s+/gu, " ").trim(), SHOWN)),
  };
}

function scaled(values: readonly number[]): readonly number[] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  const span = high - low || 1;
  return values.map((value) => Math.round((10_000 * (value - low)) / span));
}
