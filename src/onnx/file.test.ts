import { mkdir, readdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { temporaryFolder } from "../../test/temporary.ts";
import { graphOf, input } from "../graph/node.ts";
import { mul } from "../graph/ops/index.ts";
import { floats } from "../tensor/tensor.ts";
import { loadModel, saveModel, sideFile } from "./file.ts";

const x = input("x", "float32", ["B", 400]);
const w = input("w", "float32", [400]);
const graph = graphOf({ y: mul(x, w) });
const value = floats(Array.from({ length: 400 }, (_, i) => i));

describe("a saved model", () => {
  test("takes weights that are fetched one at a time", async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, "model.onnx");
    await saveModel(path, graph, { weights: new Map([["w", async () => value]]) });
    const { weights } = await loadModel(path);
    expect(weights.get("w")).toEqual(value);
    expect(await readdir(folder.path)).toEqual(["model.onnx"]);
  });

  test("leaves nothing behind when a weight is not what was announced", async () => {
    await using folder = await temporaryFolder();
    const weights = new Map([["w", async () => floats([1])]]);
    const saving = saveModel(join(folder.path, "model.onnx"), graph, { weights });
    await expect(saving).rejects.toThrow(/w: a weight is not what the graph declares/);
    expect(await readdir(folder.path)).toEqual([]);
  });

  test("keeps its weights aside when asked, in its folder", async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, "model.onnx");
    const externalData = { location: "model.onnx_data" };
    await saveModel(path, graph, { weights: new Map([["w", value]]), externalData });
    expect((await stat(`${path}_data`)).size).toBe(1600);
    expect((await loadModel(path)).weights.get("w")).toEqual(value);
  });
});

test("the side file is used past 2 GB, and named after the model", () => {
  const weight = { name: "w", dtype: "float32", role: "weight", source: value } as const;
  expect(sideFile("a/model.onnx", [{ ...weight, shape: [400] }], {})).toBeUndefined();
  expect(sideFile("a/model.onnx", [{ ...weight, shape: [2 ** 29] }], {})).toBe("model.onnx_data");
});

describe("a side file that must not be read", () => {
  async function saved(path: string) {
    const externalData = { location: "side" };
    await saveModel(path, graph, { weights: new Map([["w", value]]), externalData });
  }

  test("is missing", async () => {
    await using folder = await temporaryFolder();
    await saved(join(folder.path, "a", "model.onnx"));
    const orphan = join(folder.path, "b");
    await mkdir(orphan);
    await writeFile(join(orphan, "model.onnx"), await bytesOf(folder.path));
    await expect(loadModel(join(orphan, "model.onnx"))).rejects.toThrow(/side: no such file/);
  });

  test("is too short, a folder, or a link to elsewhere", async () => {
    await using folder = await temporaryFolder();
    await saved(join(folder.path, "a", "model.onnx"));
    const bytes = await bytesOf(folder.path);
    const cases: readonly [string, (side: string) => Promise<unknown>, RegExp][] = [
      ["short", (side) => writeFile(side, "short"), /too short \(got 5 bytes, wanted 1600\)/],
      ["folder", (side) => mkdir(side), /not a file/],
      [
        "link",
        (side) => symlink(join(folder.path, "a", "side"), side),
        /link out of the model's folder/,
      ],
    ];
    for (const [name, make, message] of cases) {
      const own = join(folder.path, name);
      await mkdir(own);
      await writeFile(join(own, "model.onnx"), bytes);
      await make(join(own, "side"));
      await expect(loadModel(join(own, "model.onnx"))).rejects.toThrow(message);
    }
  });
});

function bytesOf(folder: string) {
  return readFile(join(folder, "a", "model.onnx"));
}

test("a path that is no file", async () => {
  await using folder = await temporaryFolder();
  await expect(loadModel(join(folder.path, "none.onnx"))).rejects.toThrow(/no such file/);
  await expect(loadModel(folder.path)).rejects.toThrow(/not a file/);
});
