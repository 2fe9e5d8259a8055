import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, test } from "vitest";
import { NearfoldError } from "../../src/errors.ts";
import { infoNce } from "../../src/losses/index.ts";
import { poolingHead } from "../../src/models/head.ts";
import { importGraph } from "../../src/models/onnx-architecture.ts";
import { decodeModel, encodeModel } from "../../src/onnx/index.ts";
import { fusedGraph } from "../../src/train/graphs.ts";
import { exporters, fixturePath } from "./exports.ts";

const objective = { loss: infoNce(), columns: 2, labels: 0, identity: false };

/** Everything that happens to a graph before it runs. */
function trainedOn(bytes: Uint8Array): void {
  try {
    const decoded = decodeModel(bytes);
    const graph = importGraph(decoded, { at: "a file", pooled: false, vocabSize: 512 });
    const built = fusedGraph({ ...graph, head: poolingHead(), dropout: false }, objective);
    encodeModel(built.graph, { opsets: decoded.opsets });
  } catch (error) {
    if (!(error instanceof NearfoldError) || error.code === "bug") throw error;
  }
}

describe.each(exporters)("BERT exported by %s, with a changed byte among its nodes", (name) => {
  const bytes = readFileSync(fixturePath(`bert-${name}`));
  const nodes = bytes.indexOf("embeddings.LayerNorm.weight");

  test("is differentiated or refused", () => {
    const change = fc.tuple(fc.nat(Math.max(nodes, 20_000)), fc.integer({ min: 0, max: 255 }));
    fc.assert(
      fc.property(change, ([index, byte]) => {
        const changed = Uint8Array.from(bytes);
        changed[index] = byte;
        trainedOn(changed);
      }),
      { numRuns: 150, interruptAfterTimeLimit: 15_000, markInterruptAsFailure: true },
    );
  });
});
