/** `nearfold.json`: what a model's folder says of itself that no other file of it can. */
import { NearfoldError } from "../errors.ts";
import { type Agreement, describeSpace, type Space } from "../space.ts";
import { isJsonObject, type JsonObject, show } from "./json-file.ts";
import type { Card, DataRecord, FittedWeights, Lineage, Merge } from "./model.ts";

export const CARD_FILE = "nearfold.json";

/** The card of a model of which nothing is known yet: one that others made, or that has learnt nothing. */
export function newCard(dims: number, prompts: Card["prompts"], similarity: Space["similarity"]) {
  const lineage = { data: [], losses: [], versions: {}, metrics: {} };
  const space = { id: "", dims, similarity };
  return { version: 1, dims: [dims], prompts, space, lineage } as const satisfies Card;
}

/** @throws bad-input naming the field; unsupported for the layout of another release */
export function parseCard(json: JsonObject, at: string): Card {
  if (json.version !== 1) {
    const [got, wanted] = [show(json.version), "1"];
    const hint = "A newer release of nearfold wrote it";
    throw new NearfoldError("unsupported", "an unknown layout", { at, got, wanted, hint });
  }
  const check = (field: string, value: unknown, fits: boolean, wanted: string) => {
    if (fits) return;
    const what = `field "${field}" is not usable`;
    throw new NearfoldError("bad-input", what, { at, got: show(value), wanted });
  };
  const { dims, prompts, space, fitted, lineage } = json as unknown as Card;
  const size = (value: unknown) => Number.isInteger(value) && (value as number) > 0;
  const falling = () => dims.every((dim, i) => size(dim) && (i === 0 || dim < dims[i - 1]));
  const ok = Array.isArray(dims) && dims.length > 0 && falling();
  check("dims", dims, ok, "a list of sizes, the largest first");
  check("prompts", prompts, isRecordOf(prompts, "string"), "texts by role");
  const ours = isSpace(space) && space.dims === dims[0];
  check("space", space, ours, "id, dims as the first of dims, and similarity");
  const fits = fitted === undefined || isFitted(fitted);
  check("fitted", fitted, fits, "space, teacher, agreement and the space it is of");
  check("lineage", lineage, isLineage(lineage), "data, losses, versions and metrics");
  const { query = "", document = "" } = prompts;
  // What was measured with other weights is no more true.
  const known = fitted?.of === space.id && { fitted };
  return { version: 1, dims, prompts: { query, document }, space, ...known, lineage };
}

/** @throws mismatch when the folder's files are no longer those that were saved with the card */
export function requireOwnSpace(card: Card, found: Space, at: string): void {
  if (card.space.id === found.id && card.space.dims === found.dims) return;
  throw new NearfoldError("mismatch", "the folder was changed since it was saved", {
    at,
    got: describeSpace(found),
    wanted: describeSpace(card.space),
    hint: "Weights, tokenizer, pooling, prompts or limit differ. Restore them, or remove nearfold.json to load it as another model",
  });
}

function isSpace(value: unknown): value is Space {
  if (!isJsonObject(value)) return false;
  const { id, dims, similarity } = value;
  const compared = similarity === "cosine" || similarity === "dot";
  const named = typeof id === "string" && /^sha256:[0-9a-f]{64}$/.test(id);
  return named && Number.isInteger(dims) && compared;
}

function isFitted(value: unknown): value is FittedWeights {
  if (!isJsonObject(value)) return false;
  const { space, teacher, agreement, of } = value;
  const named = typeof teacher === "string" && typeof of === "string";
  return named && isSpace(space) && isAgreement(agreement);
}

function isAgreement(value: unknown): value is Agreement {
  if (!isJsonObject(value)) return false;
  const { texts, cosine, overlap } = value;
  return [texts, cosine ?? 0, overlap].every((figure) => typeof figure === "number");
}

function isLineage(value: unknown): value is Lineage {
  if (!isJsonObject(value)) return false;
  const { base, merged, data, losses, seed, training, versions, metrics } = value;
  return (
    ["string", "undefined"].includes(typeof base) &&
    ["number", "undefined"].includes(typeof seed) &&
    (training === undefined || isJsonObject(training)) &&
    (merged === undefined || isMerge(merged)) &&
    Array.isArray(data) &&
    data.every(isDataRecord) &&
    Array.isArray(losses) &&
    losses.every((loss) => typeof loss === "string") &&
    isRecordOf(versions, "string") &&
    isRecordOf(metrics, "number")
  );
}

function isMerge(value: unknown): value is Merge {
  if (!isJsonObject(value) || typeof value.method !== "string") return false;
  const { models } = value;
  return (
    Array.isArray(models) &&
    models.every(
      (model) =>
        isJsonObject(model) &&
        typeof model.name === "string" &&
        typeof model.space === "string" &&
        typeof model.weight === "number",
    )
  );
}

function isDataRecord(value: unknown): value is DataRecord {
  return (
    isJsonObject(value) &&
    typeof value.name === "string" &&
    typeof value.rows === "number" &&
    typeof value.sha256 === "string"
  );
}

function isRecordOf(value: unknown, type: "string" | "number"): boolean {
  return isJsonObject(value) && Object.values(value).every((entry) => typeof entry === type);
}
