import { fetchedModel } from "./fetched-model.ts";

/** all-MiniLM-L6-v2, a real sentence embedder: 6 layers × 384. */
export const {
  folder: miniLm,
  isThere: miniLmIsThere,
  where: whereMiniLm,
} = fetchedModel("all-minilm-l6-v2");
