/** The routes as an OpenAPI 3.1 document (https://spec.openapis.org/oas/v3.1.0), served at `/openapi.json`. */
import { priorities } from "../queue/waiting.ts";
import { type Call, promptNames } from "./route.ts";
import { vectorFormats } from "./vector-json.ts";

type Schema = Readonly<Record<string, unknown>>;

const text: Schema = { type: "string", minLength: 1 };
const ids: Schema = { type: "array", minItems: 1, items: { type: "integer", minimum: 0 } };
const flag: Schema = { type: ["boolean", "null"] };
const model: Schema = {
  type: ["string", "null"],
  description: "The first model, if none is named",
};
const prompt: Schema = {
  enum: [...promptNames, null],
  description: "Whose prompt goes before texts",
};
const count: Schema = { type: ["integer", "null"], minimum: 1 };
const listOf = (items: Schema, most?: number): Schema => ({
  ...{ type: "array", minItems: 1, items },
  ...(most !== undefined && { maxItems: most }),
});
const objectOf = (properties: Readonly<Record<string, Schema>>, ...required: string[]): Schema => ({
  ...{ type: "object", properties },
  ...(required.length > 0 && { required }),
});
const numbers: Schema = { type: "array", items: { type: "number" } };

const openAiError = objectOf(
  {
    error: objectOf(
      {
        message: { type: "string" },
        type: { type: "string" },
        param: { type: ["string", "null"] },
        code: { type: ["string", "null"] },
      },
      ...["message", "type", "param", "code"],
    ),
  },
  "error",
);
const teiError = objectOf(
  {
    error: { type: "string" },
    error_type: {
      enum: ["Unhealthy", "Backend", "Overloaded", "Validation", "Tokenizer", "Empty"],
    },
  },
  ...["error", "error_type"],
);

const json = (schema: Schema) => ({ content: { "application/json": { schema } } });

interface Operation {
  readonly summary: string;
  readonly body?: Schema;
  readonly answer?: Schema;
  readonly errors?: Schema;
}

function operation({ summary, body, answer, errors = teiError }: Operation) {
  return {
    summary,
    ...(body && { requestBody: { required: true, ...json(body) } }),
    responses: {
      200: { description: "Done", ...(answer && json(answer)) },
      default: { description: "Refused, or failed", ...json(errors) },
    },
    ...(body && {
      parameters: [{ name: "x-nearfold-priority", in: "header", schema: { enum: priorities } }],
    }),
  };
}

/** The document, with the bounds of the server that it is asked of. */
export function openApiOf({ limits, version }: Pick<Call, "limits" | "version">) {
  const most = limits.maxInputs;
  const inputs: Schema = { oneOf: [text, ids, listOf({ oneOf: [text, ids] }, most)] };
  const cutting = {
    truncate: flag,
    truncation_direction: { enum: ["right", "Right", null] },
    prompt_name: prompt,
  };
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
        ...{ model, input: inputs, dimensions: count, truncate: flag, prompt_name: prompt },
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
      "/embed": post(
        "Vectors of texts, of length 1",
        objectOf({ model, inputs, dimensions: count, normalize: flag, ...cutting }, "inputs"),
        listOf(numbers),
      ),
      "/similarity": post(
        "Cosines of one sentence with others",
        objectOf(
          {
            model,
            inputs: objectOf(
              { source_sentence: text, sentences: listOf(text, most - 1) },
              ...["source_sentence", "sentences"],
            ),
            parameters: { oneOf: [objectOf(cutting), { type: "null" }] },
          },
          "inputs",
        ),
        numbers,
      ),
      "/tokenize": post(
        "The tokens of texts",
        objectOf(
          {
            ...{ model, prompt_name: prompt, add_special_tokens: flag },
            inputs: { oneOf: [{ type: "string" }, listOf({ type: "string" }, most)] },
          },
          "inputs",
        ),
        listOf(listOf({ type: "object" })),
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
    },
  };
}
