import { fetchedModel } from "./fetched-model.ts";

/** SmolLM2-135M, a real decoder LLM: Llama, 30 layers × 576, grouped-query attention. */
export const {
  folder: smolLm2,
  isThere: smolLm2IsThere,
  where: whereSmolLm2,
} = fetchedModel("smollm2-135m");
