import { Option } from "commander";
import {
  type Asker,
  type InteractionField,
  openRecommender,
  type Recommender,
} from "../apps/recommend/index.ts";
import { NearfoldError } from "../errors.ts";
import type { Filter, StoreHit } from "../stores/index.ts";
import {
  type CommandSpec,
  type Context,
  nameList,
  numberWithin,
  type Outcome,
  wholeNumber,
} from "./command.ts";
import { modelOptions } from "./model-reference.ts";
import { skipBadOption } from "./reading.ts";
import { type FittingOptions, makeRecommender } from "./recommend-fit.ts";
import { whereOption } from "./search.ts";
import { oneLine } from "./table.ts";

interface Options extends FittingOptions {
  readonly user?: string;
  readonly liked?: readonly string[];
  readonly like?: string;
  readonly k: number;
  readonly where?: Filter;
  readonly diversity: number;
  readonly seen?: boolean;
}

const spelled: Readonly<Record<InteractionField, string>> = {
  user: "user, userId or user_id",
  item: "item, itemId or item_id",
  time: "time or timestamp",
  rating: "rating, value or score",
};

/** Makes a recommender of interactions, of texts or of both; and asks one. */
export const recommend: CommandSpec<Options> = {
  name: "recommend",
  summary: "Learn what people choose next, and recommend it",
  arguments: [["<recommender>", "its folder"]],
  options: [
    new Option(
      "--fit <interactions>",
      "make it: .jsonl, .csv or .tsv with a row for each choice: user, item and, if known, time",
    ),
    new Option(
      "--items <items>",
      "make it: what there is, as `index` takes documents; with --model their texts count",
    ),
    new Option("--model <model>", "embeds the items' texts, so that new items have a place"),
    new Option("--text <field>", "of the items, where it is not text"),
    new Option("--id <field>", "of the items, where it is not id or _id"),
    ...Object.entries(spelled).map(
      ([field, known]) => new Option(`--${field}-field <field>`, `where it is not ${known}`),
    ),
    new Option(
      "--least-rating <x>",
      "lower ratings are no choices (default: every row is one)",
    ).argParser(numberWithin(Number.NEGATIVE_INFINITY)),
    new Option("--epochs <n>", "rounds over all users").argParser(wholeNumber(1)),
    new Option("--dims <n>", "of the learnt vectors").argParser(wholeNumber(1, 4096)),
    new Option("--seed <n>", "of the training").argParser(wholeNumber(0)).default(42),
    new Option(
      "--check",
      "first learn without each user's last choice, and say how often it is found, beside popularity and item-kNN",
    ),
    new Option("--replace", "put it in the place of another recommender"),
    new Option("--user <id>", "ask for somebody that it knows").conflicts(["liked", "like"]),
    new Option("--liked <ids>", "ask for anybody, by what they chose, the oldest first")
      .argParser(nameList)
      .conflicts(["user", "like"]),
    new Option("--like <id>", "ask what goes with an item").conflicts(["user", "liked"]),
    new Option("-k <n>", "how many items").argParser(wholeNumber(1, 1000)).default(10),
    whereOption,
    new Option("--diversity <x>", "how much they should differ from each other, 0 to 1")
      .argParser(numberWithin(0, 1))
      .default(0),
    new Option("--seen", "what they chose already too"),
    skipBadOption,
    ...modelOptions,
  ],
  examples: [
    "nearfold recommend films/ --fit ratings.csv --least-rating 4 --items films.jsonl --model model/ --check",
    "nearfold recommend films/ --user 42 --where 'year >= 1990' --diversity 0.3",
    "nearfold recommend films/ --liked 1,50,260 -k 5",
    "nearfold recommend films/ --like 7",
    "nearfold recommend shop/ --items products.jsonl --model model/",
  ],
  run: async ([folder], options, context) => {
    if (options.fit !== undefined || options.items !== undefined) {
      requireOne(options);
      return await makeRecommender(folder, options, context);
    }
    return await ask(folder, options, context);
  },
};

/** @throws bad-argument for what would make one and ask it at once */
function requireOne({ user, liked, like }: Options): void {
  if ([user, liked, like].every((asked) => asked === undefined)) return;
  throw new NearfoldError("bad-argument", "a recommender is made first and asked then", {
    got: "--fit or --items, and a question",
    wanted: "one of them",
    hint: "Leave --user, --liked and --like to the next command",
  });
}

async function ask(folder: string, options: Options, { signal }: Context): Promise<Outcome> {
  const { user, liked, like, k, where: filter, diversity, seen = false } = options;
  if (user === undefined && liked === undefined && like === undefined) {
    throw new NearfoldError("bad-argument", "nothing is asked", {
      at: folder,
      wanted: "--user ID, --liked ID,ID or --like ID; to make a recommender, --fit or --items",
    });
  }
  await using recommender = await openRecommender(folder);
  const settings = { filter, diversity, seen, signal };
  const hits = await answer(recommender, { user, liked, like }, k, settings);
  return {
    json: {
      ...{ user, liked, like },
      items: hits.map(({ id, score, payload }) => ({ ...payload, id, score })),
    },
    text: hits.length === 0 ? "Nothing was found." : hits.map(describe).join("\n"),
  };
}

async function answer(
  recommender: Recommender,
  {
    user,
    liked,
    like,
  }: Partial<Record<"user" | "like", string | undefined>> & {
    readonly liked: readonly string[] | undefined;
  },
  k: number,
  settings: Parameters<Recommender["recommend"]>[2],
): Promise<readonly StoreHit[]> {
  if (like !== undefined) return await recommender.similar(like, k, settings);
  const asker: Asker = user !== undefined ? { user } : { liked: liked ?? [] };
  return await recommender.recommend(asker, k, settings);
}

function describe({ id, score, payload }: StoreHit, place: number): string {
  const text = typeof payload?.text === "string" ? payload.text : "";
  return `${String(place + 1).padStart(2)}  ${score.toFixed(4)}  ${oneLine(id, 40)}  ${oneLine(text, 100)}`.trimEnd();
}
