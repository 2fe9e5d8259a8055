/** Types of values as ONNX states them. */
import { type Dim, UNKNOWN } from "../graph/dim.ts";
import type { Type } from "../graph/node.ts";
import { isMark, isRanked, isUntyped, UNRANKED, UNTYPED } from "../graph/unknown-type.ts";
import { dtypes } from "../tensor/dtype.ts";
import type { DimensionProto, ValueInfoProto } from "./proto.ts";
import { dtypeOfCode, MAX_RANK } from "./tensor-proto.ts";

/** Longest name of a dimension; sums and products of longer ones are unknown. */
const MAX_NAME = 128;

/** States a value's type: names of dimensions as `dim_param`, nothing for what is unknown. */
export function toValueInfo(name: string, type: Type): ValueInfoProto {
  if (isUntyped(type)) return { name };
  const shape = { dim: type.shape.map(toDimension) };
  return {
    name,
    type: {
      tensorType: { elemType: dtypes[type.dtype].onnx, ...(isRanked(type) && { shape }) },
    },
  };
}

function toDimension(dim: Dim): DimensionProto {
  if (typeof dim === "number") return { dimValue: dim };
  return dim === UNKNOWN ? {} : { dimParam: dim };
}

/** What a value-info says; undefined when it names no tensor type that we have. */
export function fromValueInfo({ type }: ValueInfoProto): Type | undefined {
  const dtype = dtypeOfCode(type?.tensorType?.elemType);
  if (!dtype) return undefined;
  const dims = type?.tensorType?.shape ? (type.tensorType.shape.dim ?? []) : undefined;
  if (!dims || dims.length > MAX_RANK) return { dtype, shape: UNRANKED };
  return { dtype, shape: dims.map(fromDimension) };
}

function fromDimension(dim: DimensionProto): Dim {
  if (dim.dimParam) return plain(dim.dimParam);
  // protobufjs gives 0 for a number that is not there.
  return Object.hasOwn(dim, "dimValue") ? plain(Number(dim.dimValue)) : UNKNOWN;
}

/** A dimension that is safe to compute with: no marks, no negative or huge numbers, no endless names, no hole. */
function plain(dim: Dim | undefined): Dim {
  if (dim === undefined) return UNKNOWN;
  if (typeof dim === "number") return Number.isSafeInteger(dim) && dim >= 0 ? dim : UNKNOWN;
  return isMark(dim) || dim.length > MAX_NAME ? UNKNOWN : dim;
}

/**
 * One type from what the op's rule infers and what the file declares: numbers win over names, and the rule's names
 * over the file's, since equal sizes have equal names there. Where they contradict each other, the file is believed.
 */
export function mergeTypes(inferred: Type | undefined, declared: Type | undefined): Type {
  const known = inferred && { ...inferred, shape: inferred.shape.map(plain) };
  if (!known || known.shape.length > MAX_RANK) return declared ?? UNTYPED;
  if (!declared) return known;
  if (!isRanked(declared)) return { dtype: declared.dtype, shape: known.shape };
  if (declared.shape.length !== known.shape.length) return declared;
  const shape = known.shape.map((dim, axis) => {
    const other = declared.shape[axis] as Dim;
    if (typeof other === "number") return other;
    return dim === UNKNOWN ? other : dim;
  });
  return { dtype: declared.dtype, shape };
}
