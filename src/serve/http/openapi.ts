/** The routes as an OpenAPI 3.1 document (https://spec.openapis.org/oas/v3.1.0), served at `/openapi.json`. */
import { adminPaths } from "./openapi-admin.ts";
import {
  flag,
  idsBelow,
  listOf,
  numbers,
  objectOf,
  openAiError,
  operation,
  type Schema,
  text,
} from "./openapi-schema.ts";
import { type Call, promptNames } from "./route.ts";
import { vectorFormats } from "./vector-json.ts";

const model: Schema = {
  type: ["string", "null"],
  description: "The first model, if none is named",
};
const prompt: Schema = {
  enum: [...promptNames, null],
  description: "Whose prompt goes before texts",
};
const token = objectOf(
  {
    id: { type: "integer" },
    text: { type: "string" },
    special: { type: "boolean" },
    start: { type: "null" },
    stop: { type: "null" },
  },
  ...["id", "text", "special", "start", "stop"],
);

type OpenApiCall = Pick<Call, "limits" | "version" | "service">;

/** The document, with the bounds of the server that it is asked of. */
export function openApiOf({ limits, version, service }: OpenApiCall): object {
  const most = limits.maxInputs;
  const models = [...service.models.values()];
  const ids = idsBelow(Math.max(...models.map((each) => each.towers.document.tokenizer.vocabSize)));
  const dimensions: Schema = {
    enum: [...new Set(models.flatMap(({ dims }) => dims)), null],
    description: "One of those that the model was trained for",
  };
  const inputs: Schema = { oneOf: [text, ids, listOf({ oneOf: [text, ids] }, most)] };
  const cutting = {
    truncate: flag,
    truncation_direction: { enum: ["right", "Right", "left", "Left", null] },
    prompt_name: prompt,
  };
  const embedded = objectOf({ model, inputs, dimensions, normalize: flag, ...cutting }, "inputs");
  const compared = objectOf(
    {
      model,
      inputs: objectOf(
        { source_sentence: text, sentences: listOf(text, most - 1) },
        ...["source_sentence", "sentences"],
      ),
      parameters: { oneOf: [objectOf(cutting), { type: "null" }] },
      ...cutting,
    },
    "inputs",
  );
  const usage = objectOf({
    prompt_tokens: { type: "integer" },
    total_tokens: { type: "integer" },
    truncated: { type: "array", items: { type: "integer" } },
  });
  const embeddings = operation({
    summary: "Vectors of texts, as OpenAI's",
    errors: openAiError,
    body: objectOf(
      {
        ...{ model, input: inputs, dimensions, truncate: flag, prompt_name: prompt },
        encoding_format: { enum: [...Object.keys(vectorFormats), null] },
      },
      "input",
    ),
    answer: objectOf({
      object: { const: "list" },
      model: { type: "string" },
      data: listOf(
        objectOf({
          object: { const: "embedding" },
          index: { type: "integer" },
          embedding: { oneOf: [numbers, { type: "string", contentEncoding: "base64" }] },
          scale: { type: "number", description: "Of int8: x = scale · code" },
        }),
      ),
      usage,
    }),
  });
  const post = (summary: string, body: Schema, answer: Schema) => ({
    post: operation({ summary, body, answer }),
  });
  const get = (summary: string, answer?: Schema) => ({
    get: operation({ summary, ...(answer && { answer }) }),
  });
  return {
    openapi: "3.1.0",
    info: { title: "nearfold serve", version },
    components: { securitySchemes: { key: { type: "http", scheme: "bearer" } } },
    security: [{ key: [] }, {}],
    paths: {
      "/v1/embeddings": { post: embeddings },
      "/embeddings": { post: embeddings },
      "/v1/models": {
        get: operation({ summary: "The models", errors: openAiError, answer: { type: "object" } }),
      },
      "/": post(
        "Vectors of texts, or cosines of sentences, by the form of the inputs",
        { oneOf: [embedded, compared] },
        listOf({ oneOf: [numbers, { type: "number" }] }),
      ),
      "/embed": post("Vectors of texts, of length 1", embedded, listOf(numbers)),
      "/embed_all": post(
        "Vectors of the tokens of texts",
        objectOf({ model, inputs, ...cutting }, "inputs"),
        listOf({ type: "array", items: numbers }),
      ),
      "/similarity": post("Cosines of one sentence with others", compared, numbers),
      "/tokenize": post(
        "The tokens of texts",
        objectOf(
          {
            ...{ model, prompt_name: prompt, add_special_tokens: flag },
            inputs: { oneOf: [{ type: "string" }, listOf({ type: "string" }, most)] },
          },
          "inputs",
        ),
        listOf({ type: "array", items: token }),
      ),
      "/decode": post(
        "The texts of tokens",
        objectOf(
          { model, ids: { oneOf: [ids, listOf(ids, most)] }, skip_special_tokens: flag },
          "ids",
        ),
        listOf({ type: "string" }),
      ),
      "/info": get("What the server and its first model are", { type: "object" }),
      "/health": get("Whether it should be asked"),
      "/readyz": get("Whether it should be asked"),
      "/livez": get("Whether it lives"),
      "/metrics": get("Figures, as Prometheus' text"),
      "/openapi.json": get("This document", { type: "object" }),
      ...adminPaths,
    },
  };
}
