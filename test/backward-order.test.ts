import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { infoNce } from "../src/losses/index.ts";
import { poolingHead } from "../src/models/head.ts";
import { batchingOf } from "../src/nn/batching.ts";
import { encodeModel } from "../src/onnx/encode.ts";
import { decodeModelProto } from "../src/onnx/proto.ts";
import { openSession } from "../src/runtime/session.ts";
import { floats } from "../src/tensor/tensor.ts";
import { fusedGraph, names } from "../src/train/graphs.ts";
import { goldenModel } from "./golden.ts";

interface ProfileEvent {
  readonly cat: string;
  readonly name: string;
}

test("ONNX Runtime computes the weight gradients of a layer before it goes on to the layer below", async () => {
  const { architecture, config, checkpoint } = goldenModel("bert");
  const { graph, dense } = fusedGraph(
    { architecture, config, head: poolingHead(), dropout: false },
    { loss: infoNce(), columns: 2, labels: 0, identity: false },
  );
  const { bytes } = encodeModel(graph);
  const folder = await mkdtemp(join(tmpdir(), "nearfold-profile-"));
  try {
    const session = await openSession(bytes, {
      profile: join(folder, "run"),
      keepTransposes: true,
    });
    const weights = [...checkpoint].map(([name, { shape, data }]) => [
      name,
      floats(data as Float32Array, shape),
    ]);
    await session.run({
      ...Object.fromEntries(weights),
      ...batchingOf(architecture, poolingHead()).pack([
        [5, 6, 7],
        [8, 9],
        [5, 6],
        [8, 9, 1],
      ]).feeds,
    });
    await session[Symbol.asyncDispose]();
    const [file] = await readdir(folder);
    const events = JSON.parse(await readFile(join(folder, file), "utf8")) as ProfileEvent[];
    const executed = events
      .filter(({ cat, name }) => cat === "Node" && name.endsWith("_kernel_time"))
      .map(({ name }) => name.replace(/_kernel_time$/, ""));
    const nodes = decodeModelProto(bytes, "graph").graph!.node!;
    const placeOf = (weight: string) => {
      const node = nodes.find(({ output }) => output?.includes(names.gradient(weight)));
      return executed.indexOf(node?.name ?? "");
    };
    const places = (layer: number) =>
      dense
        .filter(
          (name) => name.startsWith(`encoder.layer.${layer}.`) && name.endsWith("dense.weight"),
        )
        .map(placeOf);
    expect(places(1).length).toBe(3);
    expect(Math.min(...places(1), ...places(0))).toBeGreaterThan(0);
    expect(Math.max(...places(1))).toBeLessThan(Math.min(...places(0)));
    // Not at the very end, after all activations were kept.
    expect(Math.max(...places(1))).toBeLessThan(executed.length * 0.8);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
