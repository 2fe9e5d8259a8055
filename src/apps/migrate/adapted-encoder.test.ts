import { expect, test } from "vitest";
import { tinyStatic } from "../../../test/tiny-models.ts";
import { openEncoder } from "../../encoder/index.ts";
import { requireQuerySpace, type Space } from "../../space.ts";
import { applyDriftMap } from "../../vectors/drift-map.ts";
import { adaptEncoder } from "./adapted-encoder.ts";

const asked: Space = { id: `sha256:${"b".repeat(64)}`, dims: 2, similarity: "cosine" };

async function adapted() {
  const encoder = await openEncoder(tinyStatic());
  const map = {
    ...{ how: "ridge 0.01", from: 48, to: 2, shift: Float32Array.of(0.5, 0) },
    matrix: Float32Array.from({ length: 96 }, (_, i) => Math.sin(i)),
  };
  const measured = { recall: 0.9, agreement: 0.8, own: 0.7, queries: 20, documents: 50 };
  const adapter = { map, asking: encoder.space, asked, model: "old", texts: 10, measured };
  return { encoder, map, adapted: adaptEncoder(encoder, adapter) };
}

test("queries go through the map, and the index takes them as it takes a fitted model's", async () => {
  const { encoder, map, adapted: asking } = await adapted();
  await using _ = asking;
  const { vectors, dims } = await asking.encode(["a fox"], { role: "query", dims: 2 });
  const plain = await encoder.encode(["a fox"], { role: "query" });
  expect(dims).toBe(2);
  expect([...vectors]).toEqual([...applyDriftMap(map, plain.vectors)]);
  const { name, space, fitted } = asking;
  const fit = requireQuerySpace(
    { name: "index", space: asked },
    { name, space: { ...space, dims: 2 }, fitted },
  );
  expect(fit).toMatchObject({ teacher: "old", agreement: { texts: 20, overlap: 0.9 } });
});

test("documents are refused: the index is another model's", async () => {
  const { adapted: asking } = await adapted();
  await using _ = asking;
  await expect(asking.encode(["a fox"])).rejects.toThrow("an adapter is for queries");
  await expect(asking.encode(["a fox"], { role: "document" })).rejects.toThrow("for queries");
  expect(() => asking.encodeStream(["a fox"])).toThrow("for queries");
});
