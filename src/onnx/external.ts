/** Tensors whose data lies in a side file: which they are, and which part of the file is theirs. */
import { NearfoldError } from "../errors.ts";
import type { AttributeProto, GraphProto, TensorProto } from "./proto.ts";
import { headOf } from "./tensor-proto.ts";

export interface Slice {
  /** The file, relative to the model's folder, as the model spells it. */
  readonly location: string;
  /** First byte. */
  readonly offset: number;
  /** Bytes. */
  readonly length: number;
}

/** The tensors of a graph and its bodies that keep their data elsewhere. */
export function externalTensors(graph: GraphProto): TensorProto[] {
  const attributes = (graph.node ?? []).flatMap((node) => node.attribute ?? []);
  return [
    ...(graph.initializer ?? []).filter(({ dataLocation }) => dataLocation === 1),
    ...attributes.flatMap(ofAttribute),
  ];
}

function ofAttribute({ t, g }: AttributeProto): TensorProto[] {
  return [...(t?.dataLocation === 1 ? [t] : []), ...(g ? externalTensors(g) : [])];
}

/**
 * The part of its file that holds a tensor. Nothing is opened or allocated.
 * @throws bad-input when the entries make no sense or don't agree with the tensor's dimensions.
 */
export function sliceOf(proto: TensorProto, at: string): Slice {
  const entries = new Map(proto.externalData?.map(({ key, value }) => [key, value ?? ""]));
  const { length: wanted } = headOf(proto, at);
  const location = entries.get("location") ?? "";
  const [offset, length] = [
    Number(entries.get("offset") ?? 0),
    Number(entries.get("length") ?? wanted),
  ];
  if (!Number.isSafeInteger(offset) || offset < 0 || length !== wanted) {
    throw new NearfoldError("bad-input", "a tensor's place in its side file makes no sense", {
      at,
      got: `offset ${entries.get("offset")}, length ${entries.get("length")}`,
      wanted: `${wanted} bytes`,
    });
  }
  checkLocation(location, at);
  return { location, offset, length };
}

/**
 * Only names inside the model's own folder: no absolute path, no way up, no drive, no device.
 * @throws bad-input for others.
 */
export function checkLocation(location: string, at: string): void {
  const parts = location.split(/[\\/]/);
  if (location !== "" && !parts.includes("..") && parts[0] !== "" && !/[\0:]/.test(location))
    return;
  throw new NearfoldError("bad-input", "a tensor's side file lies outside the model's folder", {
    at,
    got: JSON.stringify(location),
    wanted: "a relative path without `..`",
  });
}

/** @throws bad-input when the slice ends behind its file. */
export function checkInside({ location, offset, length }: Slice, fileSize: number, at: string) {
  if (offset + length <= fileSize) return;
  throw new NearfoldError("bad-input", "a tensor's side file is too short", {
    at: `${at}, ${location}`,
    got: `${fileSize} bytes`,
    wanted: `${offset + length}`,
  });
}

/** Gives each external tensor of the graph its bytes, as views of files at hand. */
export function attachExternal(
  graph: GraphProto,
  files: ReadonlyMap<string, Uint8Array>,
  at: string,
): void {
  for (const proto of externalTensors(graph)) {
    const place = `${at}, tensor ${proto.name ?? ""}`;
    const slice = sliceOf(proto, place);
    const file = files.get(slice.location);
    if (!file) {
      throw new NearfoldError("not-found", "a side file is missing", {
        at: place,
        wanted: slice.location,
        hint: "Read the model with loadModel, or give the file's bytes as `external`",
      });
    }
    checkInside(slice, file.byteLength, place);
    attach(proto, file.subarray(slice.offset, slice.offset + slice.length));
  }
}

/** From here on the message is as if it had always held its data. */
export function attach(proto: TensorProto, data: Uint8Array): void {
  proto.rawData = data;
  proto.dataLocation = 0;
}
