/** The routes of administrators as parts of an OpenAPI document. */
import { flag, objectOf, openAiError, operation, type Schema } from "./openapi-schema.ts";

const name: Schema = { type: "string", minLength: 1 };
const share: Schema = { type: "number", minimum: 0, maximum: 1 };
const instance = objectOf({
  model: { type: "string", description: "Where it came from" },
  space: { type: "string" },
  dims: { type: "array", items: { type: "integer" } },
  dtype: { type: "string" },
  created: { type: "integer" },
  requests: objectOf({
    unanswered: { type: "integer" },
    answered: { type: "integer" },
    failed: { type: "integer" },
  }),
});
const list = objectOf(
  {
    models: {
      type: "array",
      items: objectOf(
        { name, space: { type: "string" }, current: instance, beside: instance, share },
        ...["name", "space", "current"],
      ),
    },
  },
  "models",
);

const post = (summary: string, body: Schema) => ({
  post: operation({ summary, body, answer: list, errors: openAiError }),
});

export const adminPaths = {
  "/admin/models": {
    get: operation({ summary: "What stands under each name", answer: list, errors: openAiError }),
  },
  "/admin/load": post(
    "Open, measure and warm a model: it takes the name, or stands beside with a share",
    objectOf(
      {
        model: { ...name, description: "Its folder, its .onnx file, or its id on the Hub" },
        name: { type: ["string", "null"], description: "The model's own, if none is given" },
        share: { ...share, type: ["number", "null"] },
      },
      "model",
    ),
  ),
  "/admin/share": post(
    "Give the one beside another share of the requests",
    objectOf({ name, share }, "name", "share"),
  ),
  "/admin/switch": post("What stands beside takes the name", objectOf({ name }, "name")),
  "/admin/unload": post(
    "Serve a name no more, or the one beside it",
    objectOf({ name, beside: flag }, "name"),
  ),
} as const;
