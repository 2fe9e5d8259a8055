/** Making a recommender: what is read, learnt and checked. */

import { widened } from "../apps/recommend/fit-recommender.ts";
import {
  type Fitted,
  fitRecommender,
  type Interaction,
  type Items,
  itemKnn,
  judge,
  leaveLastOut,
  popularity,
  readInteractions,
  type TowerOptions,
  toFeedback,
  towerScorer,
  trainTowers,
} from "../apps/recommend/index.ts";
import { requireFreeFolder } from "../durable.ts";
import { openEncoder } from "../encoder/index.ts";
import { NearfoldError } from "../errors.ts";
import { bootstrapMean } from "../evaluate/index.ts";
import { floats } from "../tensor/tensor.ts";
import { bulkSessions } from "./bulk-sessions.ts";
import type { Context, Outcome } from "./command.ts";
import { encodeAll } from "./encoding.ts";
import { readSource, type SourceReading } from "./index-source.ts";
import { type ModelOptions, modelFolder } from "./model-reference.ts";
import { trackTask } from "./progress.ts";
import { readAll } from "./reading.ts";
import { figure, table } from "./table.ts";

export interface FittingOptions extends SourceReading, ModelOptions {
  readonly fit?: string;
  readonly items?: string;
  readonly model?: string;
  readonly userField?: string;
  readonly itemField?: string;
  readonly timeField?: string;
  readonly ratingField?: string;
  readonly leastRating?: number;
  readonly epochs?: number;
  readonly dims?: number;
  readonly seed: number;
  readonly check?: boolean;
  readonly replace?: boolean;
}

/** Reads, checks where that is asked for, and makes a recommender. @throws as `fitRecommender` */
export async function makeRecommender(
  folder: string,
  options: FittingOptions,
  context: Context,
): Promise<Outcome> {
  const { items, model, seed, check = false, replace = false } = options;
  requireSomething(options);
  await requireFreeFolder(folder, replace ? { replace: "recommender.json" } : {});
  const { rows: interactions, skipped } = await readChoices(options, context);
  const catalogue = items === undefined ? undefined : await readItems(items, options, context);
  const { epochs, dims } = options;
  const training: TowerOptions = {
    ...{ seed, signal: context.signal },
    ...(epochs !== undefined && { epochs }),
    ...(dims !== undefined && { dims }),
  };
  const checked = check ? await checkTowers(interactions, catalogue, training, context) : undefined;
  const fitted = await fitRecommender(folder, {
    ...training,
    ...{ interactions, replace, ...(catalogue && { catalogue }) },
    onStep: steps("learning", context),
  });
  return toOutcome(folder, fitted, { skipped, model, checked, interactions });
}

function requireSomething({ fit, model, items, check }: FittingOptions): void {
  const wrong = (what: string, wanted: string) =>
    new NearfoldError("bad-argument", what, { wanted });
  if (fit === undefined && model === undefined) {
    throw wrong("items alone say nothing", "--model MODEL, or --fit INTERACTIONS");
  }
  if (model !== undefined && items === undefined) {
    throw wrong("there are no texts for the model", "--items ITEMS");
  }
  if (check && fit === undefined) throw wrong("there is nothing to check by", "--fit INTERACTIONS");
}

async function readChoices(
  options: FittingOptions,
  { report }: Context,
): Promise<{ readonly rows: readonly Interaction[]; readonly skipped: number }> {
  const { fit, userField, itemField, timeField, ratingField, leastRating } = options;
  if (fit === undefined) return { rows: [], skipped: 0 };
  const fields = {
    ...(userField !== undefined && { user: userField }),
    ...(itemField !== undefined && { item: itemField }),
    ...(timeField !== undefined && { time: timeField }),
    ...(ratingField !== undefined && { rating: ratingField }),
  };
  return await readAll(
    fit,
    (path, reading) => readInteractions(path, { ...reading, fields, leastRating }),
    options,
    report,
  );
}

/** Items with their fields, and with a model the vectors of their texts. */
async function readItems(path: string, options: FittingOptions, context: Context): Promise<Items> {
  const source = await readSource(path, options, context);
  const items = [];
  const texts: string[] = [];
  for await (const row of source.rows()) {
    if ("error" in row) throw row.error;
    const { id, text, metadata = {} } = row.document;
    items.push({ id, payload: { text, ...metadata } });
    texts.push(text);
  }
  if (options.model === undefined) return { items };
  const folder = await modelFolder(options.model, options, context);
  await using encoder = await openEncoder(folder, await bulkSessions(folder, source.bytes));
  const { dims } = encoder.space;
  const how = { role: "document", dims, unit: "items" } as const;
  const { vectors } = await encodeAll(encoder, texts, how, context);
  return { items, texts: floats(vectors, [items.length, dims]) };
}

type Checked = Awaited<ReturnType<typeof checkTowers>>;

/** nDCG@10 of each user's last choice, learnt without it: of the towers and of what is simpler. */
async function checkTowers(
  interactions: readonly Interaction[],
  catalogue: Items | undefined,
  training: TowerOptions,
  context: Context,
) {
  const items = catalogue?.items.map(({ id }) => id) ?? [];
  const heldOut = leaveLastOut(toFeedback(interactions, { items }));
  if (heldOut.asked.length === 0) {
    throw new NearfoldError("bad-input", "nobody chose enough to be asked about", {
      wanted: "three choices of one user, at least",
    });
  }
  const texts = catalogue?.texts && widened(catalogue.texts, heldOut.learnt.items.length);
  const towers = await trainTowers(heldOut.learnt, {
    ...training,
    ...(texts && { texts }),
    onStep: steps("checking", context),
  });
  const scorers = {
    "two towers": towerScorer(towers),
    "item-kNN": itemKnn(heldOut.learnt),
    popularity: popularity(heldOut.learnt),
  };
  return Object.entries(scorers).map(([name, scorer]) => {
    const { ndcg, recall } = judge(heldOut, scorer);
    const options = { seed: 1, samples: 2000 };
    return { name, ndcg: bootstrapMean(ndcg, options), recall: bootstrapMean(recall, options) };
  });
}

function steps(task: string, { report, now }: Context) {
  let advance: ReturnType<typeof trackTask> | undefined;
  return (done: number, total: number, loss: number) => {
    advance ??= trackTask(report, { task, unit: "steps", total }, now);
    advance(done, `loss ${loss.toFixed(3)}`);
  };
}

function toOutcome(
  folder: string,
  fitted: Fitted,
  {
    skipped,
    model,
    checked,
    interactions,
  }: {
    readonly skipped: number;
    readonly model: string | undefined;
    readonly checked: Checked | undefined;
    readonly interactions: readonly Interaction[];
  },
): Outcome {
  const { users, items, unchosen, origin, dims } = fitted;
  const learnt = {
    texts: `${items} items by their texts`,
    interactions: `${items} items and ${users} users by ${interactions.length} choices`,
    both: `${items} items and ${users} users by ${interactions.length} choices and the items' texts`,
  }[origin];
  const lost =
    unchosen > 0 && origin === "interactions"
      ? [`${unchosen} items were never chosen: without a text they have no place. Name a --model`]
      : [];
  const rows = checked?.map(({ name, ndcg, recall }) => [name, figure(ndcg), figure(recall)]);
  const found = rows ? [table(["each user's last choice", "nDCG@10", "recall@10"], rows), ""] : [];
  const next = users > 0 ? `--user ${interactions[0].user}` : "--liked ITEM,ITEM";
  return {
    json: { folder, ...fitted, choices: interactions.length, skipped, model, checked },
    text: [
      ...found,
      `${learnt}, ${dims} dimensions, written to ${folder}`,
      ...lost,
      `Next: nearfold recommend ${folder} ${next}`,
    ].join("\n"),
  };
}
