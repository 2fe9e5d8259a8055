/** Pieces of an OpenAPI document. */
import { priorities } from "../queue/waiting.ts";

export type Schema = Readonly<Record<string, unknown>>;

export const text: Schema = { type: "string", minLength: 1 };
/** Ids of tokens. */
export const idsBelow = (size: number): Schema => ({
  ...{ type: "array", minItems: 1 },
  items: { type: "integer", minimum: 0, exclusiveMaximum: size },
});
export const flag: Schema = { type: ["boolean", "null"] };
export const listOf = (items: Schema, most?: number): Schema => ({
  ...{ type: "array", minItems: 1, items },
  ...(most !== undefined && { maxItems: most }),
});
export const objectOf = (
  properties: Readonly<Record<string, Schema>>,
  ...required: string[]
): Schema => ({
  ...{ type: "object", properties },
  ...(required.length > 0 && { required }),
});
export const numbers: Schema = { type: "array", items: { type: "number" } };

export const openAiError = objectOf(
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

export interface Operation {
  readonly summary: string;
  readonly body?: Schema;
  readonly answer?: Schema;
  readonly errors?: Schema;
}

export function operation({ summary, body, answer, errors = teiError }: Operation) {
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
