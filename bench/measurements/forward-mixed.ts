import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { graphOf } from "../../src/graph/node.ts";
import { encoderGraph } from "../../src/models/encoder-graph.ts";
import { pack } from "../../src/nn/pack.ts";
import { packedLayout } from "../../src/nn/packed-layout.ts";
import { encodeModel } from "../../src/onnx/encode.ts";
import { openSession, type Session } from "../../src/runtime/session.ts";
import { interleave, timed } from "../measure.ts";
import { findPython, notInstalled, openPeer } from "../peer.ts";
import type { Finding, Measurement } from "../result.ts";
import { requireEqualVectors } from "../same-work.ts";
import {
  architecture,
  config,
  head,
  makeBatch,
  makeWeights,
  mixedLengths,
  saveForPeers,
} from "../workload.ts";

const RUNS = 7;
const PEER = "transformers.js";

interface Embedded extends Readonly<Record<string, unknown>> {
  readonly ms: number;
  readonly vectors: readonly (readonly number[])[];
}

/** Token ids in, unit vectors out on both sides; the peer also without padding, one text at a time. */
export const forwardMixed: Measurement = {
  about:
    "float32 vectors of 32 texts of 8–180 tokens, 6 layers × 384: packed here, padded in transformers.js",
  unit: "ms",
  better: "lower",
  targets: [2, 1],
  async run(): Promise<Finding> {
    const weights = makeWeights();
    const sequences = makeBatch(mixedLengths(32, 8, 180));
    await using session = await openEncoder(sequences, weights);
    await using stack = new AsyncDisposableStack();
    const ours = { run: async () => (await embed(session, sequences)).ms };
    const python = findPython();
    if (!python) {
      const [figures] = await interleave([ours], { runs: RUNS });
      return { ours: figures, peers: [{ name: notInstalled(`${PEER}'s ONNX export`) }] };
    }
    const folder = stack.use(await saveForPeers(weights));
    await exportOnnx(python, folder.path);
    const peer = stack.use(openPeer(process.execPath, "transformers-js.ts"));
    const { name } = await peer.ask<{ name: string }>("open", { folder: folder.path, sequences });
    const ask = (op: string) => peer.ask<Embedded>(op);
    const wanted = (await embed(session, sequences)).vectors;
    requireEqualVectors(name, (await ask("padded")).vectors.flat(), wanted);
    const [figures, padded, single] = await interleave(
      [
        ours,
        { run: async () => (await ask("padded")).ms },
        { run: async () => (await ask("single")).ms },
      ],
      { runs: RUNS },
    );
    return {
      ours: figures,
      peers: [
        { name: `${name} float32, padded`, figures: padded },
        { name: `${name} float32, one text at a time`, figures: single },
      ],
      details: { tokens: sequences.reduce((sum, { length }) => sum + length, 0) },
    };
  },
};

async function openEncoder(
  sequences: readonly (readonly number[])[],
  weights: ReturnType<typeof makeWeights>,
): Promise<Session> {
  const { blocks } = pack(sequences);
  const { embeddings } = encoderGraph(architecture as never, config, head, packedLayout(blocks));
  const { bytes } = encodeModel(graphOf({ embeddings }), { weights });
  return openSession(bytes);
}

async function embed(session: Session, sequences: readonly (readonly number[])[]) {
  const { ms, result } = await timed(() => session.run(pack(sequences).feeds));
  return { ms, vectors: result.embeddings.data as Float32Array };
}

async function exportOnnx(python: string, folder: string): Promise<void> {
  await mkdir(join(folder, "onnx"));
  await using exporter = openPeer(python, "export_onnx.py");
  await exporter.ask("export", { model: folder, path: join(folder, "onnx", "model.onnx") });
}
