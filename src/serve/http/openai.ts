/** OpenAI's routes (https://platform.openai.com/docs/api-reference/embeddings). */
import { bodyOf, booleanField, choiceField, countField, inputList, stringField } from "./fields.ts";
import {
  type Call,
  embed,
  jsonResponse,
  modelOf,
  present,
  promptNames,
  type Route,
} from "./route.ts";
import { type VectorFormat, vectorFormats, writeRows } from "./vector-json.ts";

const formats = Object.keys(vectorFormats) as readonly VectorFormat[];

/**
 * `input` is a text, the ids of one as the model's tokenizer gives them, or a list of either. `encoding_format` is also `int8` or `ubinary`. Fields of ours beside OpenAI's:
 * `prompt_name`, `truncate`; in the usage `truncated`, the inputs that were cut. Fields that we do not know are passed over, as OpenAI's `user`.
 */
async function embeddings(call: Call): Promise<Response> {
  const body = bodyOf(call.json);
  const model = modelOf(call, stringField(body, "model"));
  const { inputs } = inputList(body.input, "input", call.limits.maxInputs);
  const format = choiceField(body, "encoding_format", formats) ?? "float";
  const { answer, headers } = await embed(call, {
    ...{ model, inputs, field: "input" },
    ...present({
      prompt: choiceField(body, "prompt_name", promptNames),
      truncate: booleanField(body, "truncate"),
      dims: countField(body, "dimensions"),
    }),
  });
  const { vectors, dims, tokens, truncated } = answer;
  const write = vectorFormats[format];
  const data = await writeRows(vectors, dims, (vector, index) => {
    return `{"object":"embedding","index":${index},${write(vector)}}`;
  });
  const usage = {
    prompt_tokens: tokens,
    total_tokens: tokens,
    ...(truncated.length > 0 && { truncated }),
  };
  const rest = JSON.stringify({ model: model.name, usage }).slice(1);
  return jsonResponse(`{"object":"list","data":[${data.join(",")}],${rest}`, headers);
}

function models({ service }: Call): Response {
  const data = [...service.models.values()].map(({ name, created, space, dims }) => ({
    ...{ id: name, object: "model", created, owned_by: "nearfold" },
    // Ours: whose vectors they are, and how they may be cut.
    ...{ space: space.id, similarity: space.similarity, dims },
  }));
  return Response.json({ object: "list", data });
}

export const openAiRoutes: Readonly<Record<string, Route>> = {
  "/v1/embeddings": { method: "POST", errors: "openai", answer: embeddings },
  "/embeddings": { method: "POST", errors: "openai", answer: embeddings },
  "/v1/models": { method: "GET", errors: "openai", answer: models },
};
