/** A model as a server has it: its texts become ids here, and vectors in the threads of its sessions. */
import { hasTokens } from "../encoder/forward.ts";
import { openForward, type Prompted, promptedBy } from "../encoder/index.ts";
import { isNormalized } from "../models/head.ts";
import { locateModel, spaceOf } from "../models/index.ts";
import type { Model, Role, Tower, Weight } from "../models/model.ts";
import { requireSameSpace, type Space } from "../space.ts";
import { dtypes } from "../tensor/dtype.ts";
import { sizeOf, type Tensor } from "../tensor/tensor.ts";
import type { Encoding, Tokenizer } from "../text/tokenizer.ts";
import { chooseWorkers, openSessionSet, type SessionSet } from "./session-set.ts";
import type { SupervisedOptions } from "./supervised.ts";
import { openTokenizerThread, type TextsToTokenize } from "./tokenizer-thread.ts";

export interface ServedModelOptions {
  /** What requests call it. @default the model's own name */
  readonly name?: string;
  /** Cores that may be used. @default those that this process may use */
  readonly threads?: number;
  /** Batches that run side by side, each by a copy of the weights and a share of the cores. @default as many as there are cores, and memory for (see `chooseWorkers`) */
  readonly workers?: number;
  readonly onRestart?: SupervisedOptions["onRestart"];
}

/** What texts of a role go through. */
export interface ServedTower {
  /** Of both roles, where the model has one tower. */
  readonly sessions: SessionSet;
  readonly tokenizer: Tokenizer;
  /** Longer texts are cut; Infinity where nothing limits them. */
  readonly maxTokens: number;
  /** Whether its vectors have length 1. */
  readonly normalized: boolean;
  /** Dimensions of the vectors of its tokens; undefined where it shows none. */
  readonly tokenWidth: number | undefined;
  /** With the prompt of the role before each text, or without. */
  readonly prompted: Readonly<Record<"prompt" | "plain", Prompted>>;
  /** The same of many texts, in a thread of its own; absent for a model that lies nowhere. */
  readonly tokenizeApart?: (
    texts: readonly string[],
    options: Pick<TextsToTokenize, "prompt" | "truncateSide">,
  ) => Promise<Encoding[]>;
}

/** Close with `await using`. */
export interface ServedModel extends AsyncDisposable {
  readonly name: string;
  readonly space: Space;
  /** Dimensions a vector may be cut to, the full width first. */
  readonly dims: readonly number[];
  readonly prompts: Readonly<Record<Role, string>>;
  /** How token vectors become one, by PyTorch's names: "mean". */
  readonly pooling: readonly string[];
  /** What its weights are held as: "float32", or the format of codes. */
  readonly dtype: string;
  /** When it was opened, in seconds since 1970. */
  readonly created: number;
  readonly towers: Readonly<Record<Role, ServedTower>>;
}

/**
 * Opens a model, or the folder of one, in threads of its own. A session that fails is opened again from the folder, if that still holds a model of the
 * same space: never do vectors of two spaces come under one name.
 * @throws as `openEncoder`
 */
export async function openServedModel(
  source: Model<Tensor> | string,
  { name, threads, workers, onRestart }: ServedModelOptions = {},
): Promise<ServedModel> {
  const model: Model<Weight> = typeof source === "string" ? await locateModel(source) : source;
  const space = typeof source === "string" ? model.card.space : spaceOf(source);
  const called = name ?? model.name;
  await using opened = new AsyncDisposableStack();
  let first: Model<Weight> | undefined = model;
  const read = async (): Promise<Model<Weight>> => {
    if (typeof source !== "string") return source;
    const again = await locateModel(source);
    requireSameSpace({ name: called, space }, { name: source, space: again.card.space });
    return again;
  };
  const openTower = async (role: Role): Promise<ServedTower> => {
    const towerOf = (from: Model<Weight>): Tower<Weight> =>
      role === "query" && from.queryTower ? from.queryTower : from;
    const tower = towerOf(model);
    const set = await openSessionSet(
      async (options) =>
        openForward(towerOf(first ?? (await read())), { ...options, tokens: true }),
      {
        workers: workers ?? chooseWorkers(weightBytes(tower), threads),
        ...(threads !== undefined && { threads }),
        ...(onRestart && { onRestart }),
      },
    );
    return toServedTower(tower, opened.use(set), model.prompts[role]);
  };
  const thread =
    typeof source === "string"
      ? opened.use(await openTokenizerThread({ source, space: space.id }))
      : undefined;
  const apart = (role: Role) => ({
    ...(thread && {
      tokenizeApart: (
        texts: readonly string[],
        how: Pick<TextsToTokenize, "prompt" | "truncateSide">,
      ) => thread.tokenize({ ...how, role, texts }),
    }),
  });
  const document = await openTower("document");
  const query = model.queryTower
    ? await openTower("query")
    : toServedTower(model, document.sessions, model.prompts.query);
  // From now on what is opened is what lies in the folder then.
  first = undefined;
  const all = opened.move();
  return {
    name: called,
    space,
    dims: model.card.dims,
    prompts: model.prompts,
    pooling: model.head.pooling,
    dtype: dtypeOf(model),
    created: Math.floor(Date.now() / 1000),
    towers: {
      document: { ...document, ...apart("document") },
      query: { ...query, ...apart("query") },
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

function toServedTower(tower: Tower<unknown>, sessions: SessionSet, prompt: string): ServedTower {
  const { tokenizer, maxTokens, head, architecture, config } = tower;
  return {
    sessions,
    tokenizer,
    maxTokens,
    normalized: isNormalized(head),
    tokenWidth: hasTokens(head) ? architecture.width(config) : undefined,
    prompted: { prompt: promptedBy(tower, prompt), plain: promptedBy(tower, "") },
  };
}

function dtypeOf({ formats }: Tower<unknown>): string {
  const names = new Set([...(formats?.values() ?? [])].map(({ name }) => name));
  return names.size > 0 ? [...names].join("+") : "float32";
}

function weightBytes({ weights }: Tower<Weight>): number {
  const sizes = [...weights.values()].map(
    ({ dtype, shape }) => dtypes[dtype].bytes * sizeOf(shape),
  );
  return sizes.reduce((sum, bytes) => sum + bytes, 0);
}
