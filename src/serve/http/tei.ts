/** text-embeddings-inference's routes (router/src/http/server.rs, types.rs). What it has and we have not is refused by name. */
import { setImmediate } from "node:timers/promises";
import { NearfoldError } from "../../errors.ts";
import { isJsonObject, type JsonObject } from "../../models/json-file.ts";
import type { TruncateSide } from "../../text/tokenizer.ts";
import { type Input, requireInputs, requireUnicode } from "../embed-request.ts";
import type { ServedModel } from "../served-model.ts";
import {
  bodyOf,
  booleanField,
  choiceField,
  countField,
  idList,
  inputList,
  requireCount,
  stringField,
  textList,
  wrong,
} from "./fields.ts";
import {
  type Call,
  embed,
  embedTokens,
  jsonResponse,
  modelOf,
  present,
  promptNames,
  type Route,
} from "./route.ts";
import { writeRows } from "./vector-json.ts";

/** Of one text or list of ids, where all of it is read at once: it must not hold the others up. */
const LONGEST = 65_536;

/** Which model, as ours are several; its own API has one and names none. */
const modelFor = (call: Call, body: JsonObject) => modelOf(call, stringField(body, "model"));

/** `[[…]]`, also for one input. */
async function embedTexts(call: Call): Promise<Response> {
  const body = bodyOf(call.json);
  const { inputs } = inputList(body.inputs, "inputs", call.limits.maxInputs);
  const { answer, headers } = await embed(call, {
    ...{ model: modelFor(call, body), inputs, field: "inputs" },
    normalize: booleanField(body, "normalize") ?? true,
    ...cutting(body, inputs),
    ...present({ dims: countField(body, "dimensions") }),
  });
  const rows = await writeRows(answer.vectors, answer.dims, (vector) => `[${vector.join(",")}]`);
  return jsonResponse(`[${rows.join(",")}]`, headers);
}

/** `[[[…]]]`: for each input the vectors of its tokens, special ones too, as they are before they are pooled. */
async function embedAll(call: Call): Promise<Response> {
  const body = bodyOf(call.json);
  const { inputs } = inputList(body.inputs, "inputs", call.limits.maxInputs);
  const { answer, headers } = await embedTokens(call, {
    ...{ model: modelFor(call, body), inputs, field: "inputs" },
    ...cutting(body, inputs),
  });
  const { vectors, dims, counts } = answer;
  const rows = await writeRows(vectors, dims, (vector) => `[${vector.join(",")}]`);
  let first = 0;
  const lists = counts.map((count) => {
    const list = rows.slice(first, first + count);
    first += count;
    return `[${list.join(",")}]`;
  });
  return jsonResponse(`[${lists.join(",")}]`, headers);
}

/** Where clients ask that know an address alone (https://huggingface.co/docs/inference-endpoints): the form of the inputs says what for. */
function byForm(call: Call): Promise<Response> {
  const { inputs } = bodyOf(call.json);
  return isJsonObject(inputs) ? similarity(call) : embedTexts(call);
}

/** Cosines of one sentence with others. */
async function similarity(call: Call): Promise<Response> {
  const body = bodyOf(call.json);
  const given = objectField(body, "inputs");
  const source = stringField(given, "source_sentence");
  if (source === undefined) throw wrong("inputs.source_sentence", source, "a string");
  const most = call.limits.maxInputs - 1;
  const sentences = textList(given.sentences, "inputs.sentences", most);
  const inputs = [source, ...sentences];
  // A client of it sends them as `parameters`, and huggingface_hub beside the inputs.
  const isApart = body.parameters !== undefined && body.parameters !== null;
  const parameters = isApart ? objectField(body, "parameters") : {};
  const { answer, headers } = await embed(call, {
    ...{ model: modelFor(call, body), inputs, field: "inputs" },
    normalize: true,
    ...cutting({ ...body, ...parameters }, inputs),
  });
  const { vectors, dims } = answer;
  const first = vectors.subarray(0, dims);
  const cosines = sentences.map((_, i) => {
    const other = vectors.subarray((i + 1) * dims, (i + 2) * dims);
    return first.reduce((sum, x, j) => sum + x * other[j], 0);
  });
  return Response.json(cosines, { headers });
}

/** `start` and `stop` are null: our tokenizers do not say where in the text a token was. */
async function tokenize(call: Call): Promise<Response> {
  const body = bodyOf(call.json);
  const model = modelFor(call, body);
  const addSpecialTokens = booleanField(body, "add_special_tokens") ?? true;
  const role = choiceField(body, "prompt_name", promptNames);
  const { tokenizer } = model.towers[role ?? "document"];
  const prompt = role ? model.prompts[role] : "";
  const special = new Set(tokenizer.specialTokens.values());
  const texts = textsOf(body, call);
  requireLengths(texts, "inputs");
  texts.forEach((text, i) => {
    requireUnicode(text, `inputs[${i}]`);
  });
  const lists = await eachOf(texts, (text) => {
    const { ids } = tokenizer.encode(prompt + text, { addSpecialTokens });
    return Array.from(ids, (id) => ({
      ...{ id, text: tokenizer.idToToken(id) ?? "", special: special.has(id) },
      ...{ start: null, stop: null },
    }));
  });
  return Response.json(lists);
}

async function decode(call: Call): Promise<Response> {
  const body = bodyOf(call.json);
  const { document } = modelFor(call, body).towers;
  const { tokenizer } = document;
  const skipSpecialTokens = booleanField(body, "skip_special_tokens") ?? true;
  const { ids } = body;
  if (!Array.isArray(ids)) throw wrong("ids", ids, "token ids, or a list of them");
  requireCount(ids, "ids", Number.POSITIVE_INFINITY);
  const single = ids.every((id) => typeof id === "number");
  const lists = single ? [idList(ids, "ids")] : ids.map((list, i) => idList(list, `ids[${i}]`));
  requireCount(lists, "ids", call.limits.maxInputs);
  requireInputs({ inputs: lists, field: "ids" }, document);
  requireLengths(lists, "ids");
  return Response.json(
    await eachOf(lists, (list) => tokenizer.decode(list, { skipSpecialTokens })),
  );
}

function info(call: Call): Response {
  const model = modelOf(call, undefined);
  return Response.json(describe(call, model));
}

/** The fields of its `Info`. `max_concurrent_requests` is null: requests are let in by the time they would wait. */
function describe({ service, limits, version }: Call, model: ServedModel) {
  const { document } = model.towers;
  const pooling = model.pooling.join("+") || "none";
  return {
    model_id: model.name,
    model_sha: null,
    model_dtype: model.dtype,
    served_model_name: model.name,
    model_type: { embedding: { pooling } },
    max_concurrent_requests: null,
    max_input_length: Number.isFinite(document.maxTokens) ? document.maxTokens : null,
    max_batch_tokens: service.laneOf(document).budgetTokens,
    max_batch_requests: null,
    max_client_batch_size: limits.maxInputs,
    auto_truncate: true,
    tokenization_workers: 1,
    version,
    sha: null,
    docker_label: null,
    space: model.space,
    dims: model.dims,
    prompts: model.prompts,
  };
}

/** What decides how a text is cut, and which prompt is put before it. @throws too-large for a text that would lose its beginning, for which all of it is read */
function cutting(body: JsonObject, inputs: readonly Input[]) {
  const direction = choiceField(body, "truncation_direction", ["right", "Right", "left", "Left"]);
  const truncateSide = direction?.toLowerCase() as TruncateSide | undefined;
  if (truncateSide === "left") requireLengths(inputs, "inputs");
  return present({
    truncate: booleanField(body, "truncate"),
    prompt: choiceField(body, "prompt_name", promptNames),
    truncateSide,
  });
}

/** @throws too-large */
function requireLengths(list: readonly { readonly length: number }[], at: string): void {
  const long = list.findIndex(({ length }) => length > LONGEST);
  if (long < 0) return;
  const [got, wanted] = [`${list[long].length}`, `at most ${LONGEST}`];
  throw new NearfoldError("too-large", "longer than it may be", {
    at: `${at}[${long}]`,
    got,
    wanted,
  });
}

function textsOf(body: JsonObject, { limits }: Call): readonly string[] {
  const { inputs } = body;
  return typeof inputs === "string" ? [inputs] : textList(inputs, "inputs", limits.maxInputs);
}

function objectField(body: JsonObject, name: string): JsonObject {
  const value = body[name];
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as JsonObject;
  }
  throw wrong(name, value, "an object");
}

/** One after the other, other requests being seen to in between. */
async function eachOf<T, U>(items: readonly T[], work: (item: T) => U): Promise<U[]> {
  const results: U[] = [];
  for (const item of items) {
    results.push(work(item));
    await setImmediate();
  }
  return results;
}

export const teiRoutes: Readonly<Record<string, Route>> = {
  "/": { method: "POST", errors: "tei", answer: byForm },
  "/embed": { method: "POST", errors: "tei", answer: embedTexts },
  "/embed_all": { method: "POST", errors: "tei", answer: embedAll },
  "/similarity": { method: "POST", errors: "tei", answer: similarity },
  "/tokenize": { method: "POST", errors: "tei", answer: tokenize },
  "/decode": { method: "POST", errors: "tei", answer: decode },
  "/info": { method: "GET", errors: "tei", answer: info },
};
