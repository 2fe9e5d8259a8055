/** Who answers under which name. */
import { bug, NearfoldError } from "../../errors.ts";
import { describeSpace } from "../../space.ts";
import type { ServedModel } from "../served-model.ts";
import type { Instance } from "./instance.ts";

/** What stands under a name. */
export interface Name {
  readonly current: Instance;
  /** Another that is ready, and gets a share of the requests. */
  readonly beside?: Instance;
  /** From 0 to 1; above 0 only for a model of the same space. */
  readonly share: number;
}

type Entry = { -readonly [Key in keyof Name]: Name[Key] } & {
  /** What the one beside is owed of the next request. */
  owed: number;
};

/**
 * One model a name, and beside it perhaps another, the canary, that gets a share of the name's requests. Vectors of two spaces never come under one
 * name: a model of another space stands beside without a share, until it takes the name for all requests from then on.
 */
export class ModelTable {
  readonly #names = new Map<string, Entry>();

  get names(): ReadonlyMap<string, Name> {
    return this.#names;
  }

  /** Those that answer, in the order in which their names came. */
  get models(): ReadonlyMap<string, ServedModel> {
    return new Map([...this.#names].map(([name, { current }]) => [name, current.model]));
  }

  /** All that may have a request. */
  get instances(): readonly Instance[] {
    return [...this.#names.values()].flatMap(({ current, beside }) =>
      [current, beside ?? []].flat(),
    );
  }

  /** Who answers the next request to a model that was just taken from `models`. Shares are kept to within one request. */
  next({ name }: ServedModel): Instance {
    const entry = this.#names.get(name);
    if (!entry) throw bug("a model was asked that is not served any more", { got: name });
    const { current, beside, share } = entry;
    if (!beside) return current;
    entry.owed += share;
    if (entry.owed < 1) return current;
    entry.owed -= 1;
    return beside;
  }

  /** @throws exists where a model cannot be put: another stands beside the one of its name */
  requirePlace(name: string): void {
    if (!this.#names.get(name)?.beside) return;
    throw new NearfoldError("exists", "another model stands beside this one", {
      got: name,
      hint: "Switch to that one, or unload it, first",
    });
  }

  /** Takes a name for all requests from now on. @returns who had it @throws as `requirePlace` */
  put(instance: Instance): Instance | undefined {
    const { name } = instance.model;
    this.requirePlace(name);
    const before = this.#names.get(name);
    this.#names.set(name, { current: instance, share: 0, owed: 0 });
    return before?.current;
  }

  /** @throws not-found for a name that is none; exists; mismatch for a share of another space */
  requirePlaceBeside({ name, space }: ServedModel, share: number): void {
    const { current } = this.#find(name);
    this.requirePlace(name);
    if (share > 0) requireSpace(current, space);
  }

  /** @throws as `requirePlaceBeside` */
  putBeside(instance: Instance, share: number): void {
    this.requirePlaceBeside(instance.model, share);
    const entry = this.#find(instance.model.name);
    entry.beside = instance;
    entry.share = share;
    entry.owed = 0;
  }

  /** @throws not-found; mismatch for a share of another space */
  setShare(name: string, share: number): void {
    const entry = this.#find(name);
    const beside = besideOf(entry, name);
    if (share > 0) requireSpace(entry.current, beside.model.space);
    entry.share = share;
    entry.owed = 0;
  }

  /** The one beside takes the name. @returns who had it @throws not-found */
  promote(name: string): Instance {
    const entry = this.#find(name);
    const { current } = entry;
    this.#names.set(name, { current: besideOf(entry, name), share: 0, owed: 0 });
    return current;
  }

  /** The name is no more. @returns who had it @throws not-found; bad-argument for the last one */
  remove(name: string): readonly Instance[] {
    const { current, beside } = this.#find(name);
    if (this.#names.size === 1) {
      throw new NearfoldError("bad-argument", "the last model stays", { at: "name", got: name });
    }
    this.#names.delete(name);
    return beside ? [current, beside] : [current];
  }

  /** @throws not-found */
  removeBeside(name: string): Instance {
    const entry = this.#find(name);
    const beside = besideOf(entry, name);
    this.#names.set(name, { current: entry.current, share: 0, owed: 0 });
    return beside;
  }

  #find(name: string): Entry {
    const found = this.#names.get(name);
    if (found) return found;
    const wanted = `one of ${[...this.#names.keys()].join(", ")}`;
    throw new NearfoldError("not-found", "no such model", { at: "name", got: name, wanted });
  }
}

function besideOf({ beside }: Name, name: string): Instance {
  if (beside) return beside;
  const hint = "Load one with a share";
  throw new NearfoldError("not-found", "no model stands beside it", {
    at: "name",
    got: name,
    hint,
  });
}

/** @throws mismatch */
function requireSpace({ model }: Instance, space: ServedModel["space"]): void {
  if (model.space.id === space.id) return;
  throw new NearfoldError(
    "mismatch",
    "a share of the requests would have vectors of another space",
    {
      at: model.name,
      got: describeSpace(space),
      wanted: describeSpace(model.space),
      hint: "Load it with a share of 0 and switch, or under another name",
    },
  );
}
