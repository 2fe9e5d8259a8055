/** Somebody's history in, items out. */
import { join } from "node:path";
import { NearfoldError } from "../../errors.ts";
import { type Filter, openStore, type StoreHit, type VectorStore } from "../../stores/index.ts";
import { marginalRelevance } from "./mmr.ts";
import { loadRecommender, type Saved, STORE } from "./recommender-files.ts";
import { userVector } from "./towers.ts";

/** For whom: a user that it knows, or anybody by what they chose. */
export type Asker = { readonly user: string } | { readonly liked: readonly string[] };

export interface RecommendOptions {
  /** Which items count. @default all */
  readonly filter?: Filter | undefined;
  /** How much items should differ from each other, 0 to 1 (`marginalRelevance`). @default 0 */
  readonly diversity?: number | undefined;
  /** Whether items that they chose already come too. @default false */
  readonly seen?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Candidates from which a diverse list is chosen, for each of its places. */
const POOL = 10;

/** Closes with `await using`. */
export class Recommender implements AsyncDisposable {
  readonly #saved: Saved;
  readonly #store: VectorStore;
  readonly #rows: ReadonlyMap<string, number>;

  constructor(saved: Saved, store: VectorStore) {
    this.#saved = saved;
    this.#store = store;
    this.#rows = new Map(saved.feedback.items.map((item, row) => [item, row]));
  }

  /**
   * The `k` best items for somebody.
   * @throws not-found for a user or an item that it does not know; bad-argument for a diversity outside [0, 1]
   */
  async recommend(
    asker: Asker,
    k: number,
    options: RecommendOptions = {},
  ): Promise<readonly StoreHit[]> {
    const history =
      "user" in asker ? this.#historyOf(asker.user) : asker.liked.map((item) => this.#rowOf(item));
    return await this.#search(userVector(this.#saved.towers, history), history, k, options);
  }

  /** The `k` items that go with one: what is chosen after it more than otherwise, or, learnt from texts, the nearest. @throws as `recommend` */
  async similar(
    item: string,
    k: number,
    options: RecommendOptions = {},
  ): Promise<readonly StoreHit[]> {
    const row = this.#rowOf(item);
    const { choices, start } = this.#saved.towers;
    const query = choices.data.slice(row * start.length, (row + 1) * start.length);
    return await this.#search(query, [row], k, options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#store[Symbol.asyncDispose]();
  }

  async #search(
    query: Float32Array,
    history: ArrayLike<number>,
    k: number,
    { filter, diversity = 0, seen = false, signal }: RecommendOptions,
  ): Promise<readonly StoreHit[]> {
    if (!(diversity >= 0 && diversity <= 1)) {
      const [at, got, wanted] = ["diversity", String(diversity), "0 to 1"];
      throw new NearfoldError("bad-argument", "not a share", { at, got, wanted });
    }
    const { items } = this.#saved.feedback;
    const hidden = new Set(seen ? [] : Array.from(history, (row) => items[row]));
    const pool = diversity > 0 ? POOL * k : k;
    const reach = Math.min(pool + hidden.size, Math.max(1, items.length));
    const [hits = []] = await this.#store.search(query, reach, { filter, signal });
    const left = hits.filter(({ id }) => !hidden.has(id));
    return diversity > 0 ? await this.#diverse(left, k, diversity) : left.slice(0, k);
  }

  async #diverse(hits: readonly StoreHit[], k: number, diversity: number) {
    const found = await this.#store.get(
      hits.map(({ id }) => id),
      { vectors: true },
    );
    const candidates = hits.map(({ score }, i) => ({
      score,
      vector: unit(found[i]?.vector ?? new Float32Array(this.#store.space.dims)),
    }));
    return marginalRelevance(candidates, k, diversity).map((place) => hits[place]);
  }

  #historyOf(user: string): Int32Array {
    const { users, histories } = this.#saved.feedback;
    const at = users.indexOf(user);
    if (at >= 0) return histories[at];
    throw new NearfoldError("not-found", "no interaction is of this user", {
      got: JSON.stringify(user.slice(0, 60)),
      wanted:
        users.length > 0
          ? `one of ${users.length}, such as ${users[0]}`
          : "items: it was learnt from texts",
      hint: "A new user is known by what they chose: --liked ITEM,ITEM",
    });
  }

  #rowOf(item: string): number {
    const row = this.#rows.get(item);
    if (row !== undefined) return row;
    const { items } = this.#saved.feedback;
    throw new NearfoldError("not-found", "there is no such item", {
      got: JSON.stringify(item.slice(0, 60)),
      wanted: `one of ${items.length}, such as ${items[0]}`,
    });
  }
}

/** Opens a folder that `fitRecommender` made. @throws not-found; bad-input when it is damaged */
export async function openRecommender(folder: string): Promise<Recommender> {
  const saved = await loadRecommender(folder);
  const store = await openStore(join(folder, STORE), {
    access: "read",
    model: { name: folder, space: saved.space },
  });
  return new Recommender(saved, store);
}

function unit(vector: Float32Array): Float32Array {
  const length = Math.sqrt(vector.reduce((sum, x) => sum + x * x, 0));
  return length === 0 ? vector : vector.map((x) => x / length);
}
