import { describe, expect, it } from "vitest";
import { texts, tinyBert, tinyStatic } from "../../test/tiny-models.ts";
import { openEncoder } from "../encoder/index.ts";
import { floats } from "../tensor/tensor.ts";
import { type EncodeWindowsOptions, encodeWindows, type WindowProgress } from "./encode-windows.ts";
import type { SourceRow } from "./source.ts";
import { windowsOf } from "./window.ts";

async function* rowsOf(share: (row: number) => number): AsyncGenerator<SourceRow> {
  for (const [i, text] of texts.entries()) {
    yield { at: `a.txt:${i + 1}`, share: share(i + 1), document: { id: `${i}`, text } };
  }
}

const byRows = (row: number) => row / texts.length;
const windows = (share = byRows) => windowsOf(rowsOf(share), { rows: 3, characters: 10_000 });
const options: EncodeWindowsOptions = { role: "document", dims: 32 };

describe("windows with their vectors", () => {
  it("are those of the texts, in their order", async () => {
    await using encoder = await openEncoder(tinyBert());
    const { vectors, truncated } = await encoder.encode(texts);
    const found = await Array.fromAsync(encodeWindows(encoder, windows(), options));
    expect(found.map(({ documents }) => documents.length)).toEqual([3, 3, 2]);
    const all = found.flatMap((window) => [...window.vectors]);
    expect(all).toBeClose(vectors, { rtol: 0, atol: 1e-6 });
    const cut = found.flatMap(({ documents, truncated }) =>
      truncated.map((i) => documents[i].row - 1),
    );
    expect(cut).toEqual(truncated);
  });

  it.each<[string, (row: number) => number, number, number[]]>([
    ["by the share that was read", byRows, 0, [8]],
    ["those of an earlier run among them", (row) => (row + 8) / 16, 8, [16]],
    ["what was begun, where no share is known", () => 0, 0, [6, 8]],
  ])("guess how many there will be: %s", async (_, share, before, totals) => {
    await using encoder = await openEncoder(tinyBert(), { maxBatchTokens: 50 });
    const seen: WindowProgress[] = [];
    const watched = { ...options, before, onProgress: (done: WindowProgress) => seen.push(done) };
    for await (const _ of encodeWindows(encoder, windows(share), watched));
    expect([...new Set(seen.map(({ total }) => total))].sort((a, b) => a - b)).toEqual(totals);
    const done = seen.map(({ texts }) => texts);
    expect(done).toEqual(done.toSorted((a, b) => a - b));
    expect(done.at(-1)).toBe(before + texts.length);
  });

  it("name the rows among which a vector is not of numbers", async () => {
    const model = tinyStatic();
    const weights = new Map(
      [...model.weights].map(([name, { shape, data }]) => [
        name,
        floats(new Float32Array(data.length).fill(Number.NaN), shape),
      ]),
    );
    await using encoder = await openEncoder({ ...model, weights });
    const encoding = Array.fromAsync(encodeWindows(encoder, windows(), { ...options, dims: 48 }));
    await expect(encoding).rejects.toMatchObject({
      code: "not-finite",
      message: "a.txt:1 to a.txt:3: a vector is not of numbers",
    });
  });
});
