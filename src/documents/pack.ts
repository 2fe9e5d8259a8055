/** Which pieces go together into a passage. */

import type { Piece } from "./cut.ts";
import type { Block } from "./document.ts";

/** A block, or a piece of one. */
export interface Unit extends Piece {
  readonly block: Block;
  /** Tokens that a passage may have that begins with it. */
  readonly room: number;
  /** Whether it is the first piece of its block. */
  readonly first: boolean;
}

export interface Pack extends Pick<Block, "headings" | "page" | "header"> {
  readonly start: number;
  readonly end: number;
  /** Whether it goes on with the section in which the one before it was cut. */
  readonly goesOn: boolean;
}

export interface PackOptions {
  /** Tokens below which a passage takes in the next section too. */
  readonly least: number;
}

/** As many neighbours together as fit. A heading begins a passage, and stays with what follows it. */
export function packUnits(
  units: Iterable<Unit>,
  text: string,
  { least }: PackOptions,
): readonly Pack[] {
  const packs: Pack[] = [];
  let held: Unit[] = [];
  let goesOn = false;
  const end = (units: readonly Unit[]) => {
    if (units.length > 0) packs.push(toPack(units, goesOn));
  };
  for (const unit of units) {
    const last = held.at(-1);
    if (last) {
      const apart = isContent(text.slice(last.end, unit.start));
      const section = unit.first && unit.block.kind === "heading" && last.block.kind !== "heading";
      const full = tokensOf(held) + unit.tokens > Math.min(held[0].room, unit.room);
      if (apart || full || (section && tokensOf(held) >= least)) {
        const headings = apart ? 0 : trailingHeadings(held);
        const moved = headings < held.length && fits(held.slice(held.length - headings), unit);
        const kept = moved ? held.length - headings : held.length;
        end(held.slice(0, kept));
        held = held.slice(kept);
        goesOn = !apart && !section && held.length === 0;
      }
    }
    held.push(unit);
  }
  end(held);
  return packs;
}

function fits(held: readonly Unit[], unit: Unit): boolean {
  return tokensOf(held) + unit.tokens <= unit.room;
}

function tokensOf(units: readonly Unit[]): number {
  return units.reduce((sum, { tokens }) => sum + tokens, 0);
}

/** Whether a gap holds what a reader left out: then the passage would show it. Marks of lists and quotes are none. */
function isContent(gap: string): boolean {
  return /\p{L}/u.test(gap) || /[\p{N}]/u.test(gap.replaceAll(/^\s*\d{1,9}[.)]\s/gm, ""));
}

function trailingHeadings(units: readonly Unit[]): number {
  let count = 0;
  while (count < units.length && units[units.length - 1 - count].block.kind === "heading") count++;
  return count;
}

function toPack(units: readonly Unit[], goesOn: boolean): Pack {
  const [{ start, block, first }] = units;
  const { page, header } = block;
  return {
    start,
    end: units[units.length - 1].end,
    headings: sharedHeadings(units),
    goesOn,
    ...(page !== undefined && { page }),
    ...(header !== undefined && first && { header }),
  };
}

/** Those under which all of it stands: the headings that it begins with are its own. */
function sharedHeadings(units: readonly Unit[]): readonly string[] {
  const first = units.findIndex(({ block }) => block.kind !== "heading");
  const below = units.slice(first < 0 ? -1 : first);
  let shared = below[0].block.headings;
  for (const { block } of below) {
    if (block.headings === shared) continue;
    let same = 0;
    while (same < shared.length && shared[same] === block.headings[same]) same++;
    shared = shared.slice(0, same);
  }
  return shared;
}
