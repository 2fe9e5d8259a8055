/** Which integers a processor multiplies well: a pure decision. */
import type { Machine } from "./machine.ts";

export interface FastestFormat {
  readonly name: "int8" | "int7";
  /** For people. */
  readonly why: string;
}

/**
 * int8 where products of bytes are added up in 32 bits: x86 with VNNI, ARM with the dot product. Elsewhere sums of two are kept in 16, which saturate (AVX2's `vpmaddubsw`) and
 * which 7 bits cannot fill.
 */
export function fastestFormat({
  instructionSets,
}: Pick<Machine, "instructionSets">): FastestFormat {
  const { vnni, dotprod } = instructionSets ?? {};
  if (vnni) return { name: "int8", why: "this processor has VNNI" };
  if (dotprod) return { name: "int8", why: "this processor has the dot product" };
  if (instructionSets) {
    return { name: "int7", why: "this processor has no VNNI: sums of 8 bits would saturate" };
  }
  return { name: "int7", why: "the system does not say what this processor can do" };
}
