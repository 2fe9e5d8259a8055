import type { Encoder, EncodeTextsOptions } from "../../encoder/index.ts";
import { NearfoldError } from "../../errors.ts";
import type { Fit } from "../../space.ts";
import { applyDriftMap } from "../../vectors/drift-map.ts";
import type { Adapter } from "./adapter-file.ts";

/**
 * An encoder whose queries go through an adapter: it may ask the index that the adapter is for, as a fitted model may, and fill none. It owns the encoder
 * that it was made of.
 */
export function adaptEncoder(encoder: Encoder, adapter: Adapter): Encoder & { fitted: Fit } {
  const { map, asked, model, measured } = adapter;
  const { queries: texts, recall: overlap } = measured;
  const onlyQueries = () =>
    new NearfoldError("bad-argument", "an adapter is for queries", {
      at: encoder.name,
      hint: "Documents of another model need an index of their own",
    });
  return {
    name: encoder.name,
    space: encoder.space,
    fitted: { space: asked, teacher: model, agreement: { texts, overlap } },
    dims: [map.to],
    maxTokens: encoder.maxTokens,
    encode: async (texts, { role, dims: _, ...options }: EncodeTextsOptions = {}) => {
      if (role !== "query") throw onlyQueries();
      const encoded = await encoder.encode(texts, { ...options, role, dims: map.from });
      return { ...encoded, vectors: applyDriftMap(map, encoded.vectors), dims: map.to };
    },
    encodeStream: () => {
      throw onlyQueries();
    },
    [Symbol.asyncDispose]: () => encoder[Symbol.asyncDispose](),
  };
}
