/** A recommender made of interactions, of texts, or of both, in a folder. */
import { join } from "node:path";
import { requireFreeFolder, writeFolderDurably } from "../../durable.ts";
import { NearfoldError } from "../../errors.ts";
import { openStore, type Payload } from "../../stores/index.ts";
import { unitRows } from "../../tensor/rows.ts";
import { floats, type Tensor } from "../../tensor/tensor.ts";
import { type Interaction, toFeedback } from "./feedback.ts";
import { MANIFEST, type Origin, STORE, saveRecommender, towersSpace } from "./recommender-files.ts";
import type { Towers } from "./towers.ts";
import { type TowerOptions, trainTowers } from "./train-towers.ts";

/** Items that are stored at once. */
const PART = 4096;

/** What there is to recommend. */
export interface Item {
  readonly id: string;
  /** Comes back with the item, and is what filters look at. */
  readonly payload?: Payload;
}

/** Items, and where there is an encoder the vectors of their texts `[I, E]`, row by row. */
export interface Items {
  readonly items: readonly Item[];
  readonly texts?: Tensor<"float32">;
}

export interface FitOptions extends Omit<TowerOptions, "texts"> {
  /** @default items are known by who chose them alone */
  readonly catalogue?: Items;
  /** @default what texts say is all */
  readonly interactions?: readonly Interaction[];
  /** Puts it in the place of another recommender. @default false */
  readonly replace?: boolean;
}

export interface Fitted {
  readonly origin: Origin;
  readonly users: number;
  readonly items: number;
  /** Items that nobody chose: by their text they can be recommended, without one they can't. */
  readonly unchosen: number;
  readonly dims: number;
}

/**
 * Makes a recommender and saves it, whole or not at all: towers trained on interactions, with items' texts where there are any; of texts
 * alone, a user is the weighted mean of what they chose. Interactions with items that the catalogue lacks count all the same.
 * @throws exists; bad-argument without texts and interactions; as `trainTowers`
 */
export async function fitRecommender(folder: string, options: FitOptions): Promise<Fitted> {
  const { catalogue = { items: [] }, interactions = [], replace = false, ...training } = options;
  const replacing = replace ? { replace: MANIFEST } : {};
  await requireFreeFolder(folder, replacing);
  const known = catalogue.items.map(({ id }) => id);
  const chosen = interactions.length > 0;
  const feedback = chosen
    ? toFeedback(interactions, { items: known })
    : { users: [], items: known, histories: [] };
  const texts = catalogue.texts && widened(catalogue.texts, feedback.items.length);
  const towers = chosen
    ? await trainTowers(feedback, { ...training, ...(texts && { texts }) })
    : contentTowers(texts);
  const origin = !chosen ? "texts" : texts ? "both" : "interactions";
  const space = towersSpace(towers);
  await writeFolderDurably(
    folder,
    async (temporary) => {
      const model = { name: folder, space };
      await using store = await openStore(join(temporary, STORE), { model });
      const payloads = feedback.items.map((_, row) => catalogue.items[row]?.payload ?? {});
      for (let from = 0; from < feedback.items.length; from += PART) {
        const to = from + PART;
        const vectors = towers.items.data.subarray(from * space.dims, to * space.dims);
        const part = { payloads: payloads.slice(from, to) };
        await store.upsert(feedback.items.slice(from, to), vectors, part);
      }
      await store.optimize({ signal: training.signal });
      await saveRecommender(temporary, { origin, space, feedback, towers });
    },
    replacing,
  );
  const counts = new Set(feedback.histories.flatMap((history) => [...history]));
  return {
    origin,
    users: feedback.users.length,
    items: feedback.items.length,
    unchosen: feedback.items.length - counts.size,
    dims: space.dims,
  };
}

/** Towers of texts alone: an item is its text's vector, for itself and for who chose it. */
function contentTowers(texts: Tensor<"float32"> | undefined): Towers {
  if (!texts || texts.shape[0] === 0) {
    throw new NearfoldError("bad-argument", "there is nothing to learn from", {
      wanted: "interactions, or items with an encoder of their texts",
    });
  }
  // So that no text counts more for its vector's length.
  const items = floats(unitRows(texts.data.slice(), texts.shape[1]), texts.shape);
  const start = new Float32Array(texts.shape[1]);
  return { items, choices: items, start, halfLife: 10, longest: 200 };
}

/** Rows of zeros for the items that have interactions and no text. */
export function widened(texts: Tensor<"float32">, items: number): Tensor<"float32"> {
  if (texts.shape[0] === items) return texts;
  const out = new Float32Array(items * texts.shape[1]);
  out.set(texts.data);
  return floats(out, [items, texts.shape[1]]);
}
