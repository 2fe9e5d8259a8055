/** ONNX models on disk, with their side files. */
import { open, readFile, realpath, stat } from "node:fs/promises";
import { basename, dirname, join, sep } from "node:path";
import { writeDurably } from "../durable.ts";
import { NearfoldError } from "../errors.ts";
import type { Graph } from "../graph/node.ts";
import { type DecodedModel, fromModel } from "./decode.ts";
import { type EncodeOptions, toModel } from "./encode.ts";
import { attach, checkInside, externalTensors, type Slice, sliceOf } from "./external.ts";
import type { Initializer, Source } from "./initializer.ts";
import {
  fetchPiece,
  type Layout,
  layOut,
  MAX_MODEL_BYTES,
  type Piece,
  totalLength,
} from "./layout.ts";
import { decodeModelProto, type GraphProto } from "./proto.ts";
import { type ModelSource, withWeights } from "./source.ts";

/** Weights beyond this go to a side file: what is left of 2 GB is for the nodes. */
const MAX_INLINE_BYTES = 2_000_000_000;

/**
 * Writes a model, tensor by tensor: weights are never held twice, and those given as functions one at a time. Past 2 GB,
 * or where `externalData` asks for it, large weights go to a side file (`model.onnx_data`, as transformers.js names it),
 * which is in place before the model is.
 * @throws io when the disk refuses; else as `encodeModel`.
 */
export async function saveModel(
  path: string,
  graph: Graph,
  options: EncodeOptions<Source> = {},
): Promise<void> {
  const { model, initializers, placed } = toModel(graph, options);
  const location = sideFile(path, initializers, options);
  await writeLayout(path, layOut(model, initializers, { location, placed }), location);
}

/**
 * Writes a model that was read again, with these weights, all that `DecodedModel.weights` has, and nothing else changed. Where they go is
 * decided as in `saveModel`.
 * @throws mismatch for a weight that is missing, or of another type than the file's; io when the disk refuses
 */
export async function saveWithWeights(
  path: string,
  source: ModelSource,
  weights: ReadonlyMap<string, Source>,
  options: Pick<EncodeOptions, "externalData"> = {},
): Promise<void> {
  const { model, initializers } = withWeights(source, weights);
  const location = sideFile(path, initializers, options);
  await writeLayout(path, layOut(model, initializers, { location }), location);
}

async function writeLayout(path: string, { model, external }: Layout, location?: string) {
  if (location !== undefined && external) {
    await writePieces(join(dirname(path), location), external);
  }
  await writePieces(path, model);
}

/** The name of the side file, if there is to be one. */
export function sideFile(
  path: string,
  initializers: readonly Initializer[],
  { externalData }: Pick<EncodeOptions, "externalData">,
): string | undefined {
  if (externalData) return externalData.location;
  return totalLength(initializers) > MAX_INLINE_BYTES ? `${basename(path)}_data` : undefined;
}

function writePieces(path: string, pieces: readonly Piece[]): Promise<void> {
  return writeDurably(path, async (handle) => {
    for (const piece of pieces) await handle.writeFile(await fetchPiece(piece));
  });
}

/**
 * Reads a model; of its side files only the parts that are its tensors'. They must lie in its own folder.
 * @throws not-found, io; else as `decodeModel`.
 */
export async function loadModel(path: string): Promise<DecodedModel> {
  const model = decodeModelProto(await readWhole(path), path);
  if (model.graph) await readExternal(model.graph, path);
  return fromModel(model, path);
}

async function readWhole(path: string): Promise<Uint8Array> {
  const size = await fileSize(path);
  if (size > MAX_MODEL_BYTES) {
    throw new NearfoldError("too-large", "not an ONNX model", {
      at: path,
      got: `${size} bytes`,
      wanted: "2 GB at most",
    });
  }
  return readFile(path);
}

/** @throws not-found when there is no such file, bad-input when it is something else (a folder, a pipe). */
async function fileSize(path: string): Promise<number> {
  const found = await stat(path).catch((cause: unknown) => {
    throw new NearfoldError("not-found", "no such file", { at: path, cause });
  });
  if (found.isFile()) return found.size;
  throw new NearfoldError("bad-input", "not a file", { at: path });
}

async function readExternal(graph: GraphProto, path: string): Promise<void> {
  for (const proto of externalTensors(graph)) {
    const at = `${path}, tensor ${proto.name ?? ""}`;
    attach(proto, await readSlice(sliceOf(proto, at), dirname(path), at));
  }
}

async function readSlice(slice: Slice, folder: string, at: string): Promise<Uint8Array> {
  const file = join(folder, slice.location);
  checkInside(slice, await fileSize(file), at);
  const [home, real] = await Promise.all([realpath(folder), realpath(file)]);
  if (!real.startsWith(home.endsWith(sep) ? home : home + sep)) {
    throw new NearfoldError("bad-input", "a side file is a link out of the model's folder", {
      at,
      got: slice.location,
      hint: "Copy the file into the folder",
    });
  }
  await using handle = await open(real, "r");
  const bytes = new Uint8Array(slice.length);
  let done = 0;
  while (done < slice.length) {
    const { bytesRead } = await handle.read(bytes, done, slice.length - done, slice.offset + done);
    if (bytesRead === 0) checkInside(slice, slice.offset + done, at);
    done += bytesRead;
  }
  return bytes;
}
