/** Where special tokens stand around one text or two, and how two texts share a length. */
import { NearfoldError } from "../errors.ts";
import type { LibraryPostProcessor } from "./library.ts";

/** A special token's id, or the place of the first or second text; with the token type of what stands there. */
export type TemplateItem = {
  readonly what: number | "first" | "second";
  readonly type: number;
};

const FIRST = "\0first";
const SECOND = "\0second";

/**
 * The layout that a post-processor gives to one text or to two, found by processing two markers.
 * Without a post-processor the second text follows the first, with token type 1.
 * @throws bad-input when it names a token that has no id.
 */
export function templateOf(
  postProcessor: LibraryPostProcessor | null,
  texts: 1 | 2,
  idOf: (token: string) => number | undefined,
): readonly TemplateItem[] {
  const markers = texts === 1 ? [FIRST] : [FIRST, SECOND];
  const { tokens, token_type_ids: types } = postProcessor?.post_process(
    [FIRST],
    texts === 1 ? null : [SECOND],
    true,
  ) ?? { tokens: markers };
  const items = tokens.map((token, i): TemplateItem => {
    if (token === FIRST) return { what: "first", type: types?.[i] ?? 0 };
    if (token === SECOND) return { what: "second", type: types?.[i] ?? 1 };
    const id = idOf(token);
    if (id === undefined) {
      const got = JSON.stringify(token);
      throw new NearfoldError("bad-input", "post_processor names a token without an id", { got });
    }
    return { what: id, type: types?.[i] ?? 0 };
  });
  // The library's ByteLevel processor hands the second text back apart.
  const lost = texts === 2 && !tokens.includes(SECOND);
  return lost ? [...items, { what: "second", type: 1 }] : items;
}

/**
 * How many tokens each of two texts keeps so that both fit in `room`: the longer gives way first
 * (`LongestFirst`, tokenizers/src/utils/truncation.rs).
 */
export function shareRoom(first: number, second: number, room: number): [number, number] {
  if (first + second <= room) return [first, second];
  const [short, long] = first <= second ? [first, second] : [second, first];
  const kept: [number, number] =
    short + Math.max(short, room - short) <= room
      ? [short, Math.min(long, room - short)]
      : [Math.floor(room / 2), Math.ceil(room / 2)];
  return first <= second ? kept : [kept[1], kept[0]];
}

interface TemplatePart {
  readonly ids: readonly number[];
  readonly kept: number;
  readonly type: number;
}

/** The ids of a text and how many of them are kept. */
type Content = readonly [ids: readonly number[], kept: number];

/** The ids and token types of a filled template. */
export function fillTemplate(
  template: readonly TemplateItem[],
  first: Content,
  second: Content = [[], 0],
) {
  const parts = template.map(({ what, type }): TemplatePart => {
    if (typeof what === "number") return { ids: [what], kept: 1, type };
    const [ids, kept] = what === "first" ? first : second;
    return { ids, kept, type };
  });
  const length = parts.reduce((sum, { kept }) => sum + kept, 0);
  const ids = new Int32Array(length);
  const typeIds = new Int32Array(length);
  let place = 0;
  for (const part of parts) {
    typeIds.fill(part.type, place, place + part.kept);
    for (let i = 0; i < part.kept; i++) ids[place++] = part.ids[i];
  }
  return { ids, typeIds };
}
