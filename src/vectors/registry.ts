import { binary } from "./binary.ts";
import { float32 } from "./float32.ts";
import { int8 } from "./int8.ts";
import type { VectorKind, VectorType } from "./kind.ts";

/** Every way to keep vectors, finest first. Adding one: a file, and a line here; `test/vectors.test.ts` then runs it too. */
export const vectorKinds = { float32, int8, binary } as const satisfies Record<
  VectorType,
  VectorKind
>;
