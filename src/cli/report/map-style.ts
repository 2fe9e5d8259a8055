import { Html } from "./html.ts";

/** The map takes the width of the window; groups stand beside it where there is room. */
export const mapStyle = new Html(`
main, footer { max-width: 1400px; }
main { padding-block-start: 40px; }
.map { display: grid; grid-template-columns: minmax(0, 1fr) 320px; grid-template-rows: auto minmax(0, 1fr); gap: 12px 28px; margin-block-start: 28px; height: min(78vh, 900px); min-height: 460px; }
.map-bar { grid-column: 1; display: flex; gap: 12px; align-items: center; }
.map input { flex: 1; min-width: 0; font: inherit; font-size: 15px; padding: 7px 12px; color: inherit; background: transparent; border: 1px solid var(--rule); border-radius: 8px; }
.map output { color: var(--soft); font-size: 14px; white-space: nowrap; }
.map-buttons { display: flex; gap: 6px; }
.map-buttons button { font: inherit; font-size: 15px; line-height: 1; min-width: 34px; height: 34px; color: inherit; background: transparent; border: 1px solid var(--rule); border-radius: 8px; cursor: pointer; }
.map-view { grid-column: 1; position: relative; border: 1px solid var(--rule); border-radius: 10px; overflow: hidden; min-height: 0; }
.map canvas { position: absolute; inset: 0; width: 100%; height: 100%; cursor: grab; touch-action: none; }
.map canvas.moving { cursor: grabbing; }
.map :focus-visible { outline: 2px solid var(--model); outline-offset: -1px; }
#tip { position: absolute; max-width: 340px; padding: 8px 12px; font-size: 14px; line-height: 1.4; background: var(--paper); border: 1px solid var(--rule); border-radius: 8px; box-shadow: 0 4px 18px #0002; pointer-events: none; }
#tip small { display: block; color: var(--soft); font-size: 12.5px; }
.map-groups { grid-column: 2; grid-row: 1 / span 2; list-style: none; padding: 0; overflow-y: auto; min-height: 0; font-size: 14px; }
.map-groups button { display: flex; gap: 10px; align-items: baseline; width: 100%; padding: 6px 8px; font: inherit; line-height: 1.35; text-align: start; color: inherit; background: none; border: 0; border-radius: 6px; cursor: pointer; }
.map-groups button:hover, .map-groups [aria-pressed=true] { background: var(--tint); }
.map-groups i { flex: none; width: 10px; height: 10px; border-radius: 50%; }
.map-groups span { flex: 1; min-width: 0; }
.map-groups b { font-weight: 400; color: var(--soft); }
@media (max-width: 860px) {
  .map { grid-template-columns: minmax(0, 1fr); grid-template-rows: auto 64vh auto; height: auto; }
  .map-groups { grid-column: 1; grid-row: 3; max-height: 40vh; }
}
@media print { .map-bar { display: none; } }
`);
