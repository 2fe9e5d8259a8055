/** Versions: of the op sets a graph needs, and of the file format that goes with them. */
import { NearfoldError } from "../errors.ts";
import type { Node } from "../graph/node.ts";
import { lookup } from "../graph/ops/index.ts";

/** By domain, `""` being ONNX's own. */
export type Opsets = Readonly<Record<string, number>>;

/** What everything here is written for at least: bfloat16, and axes as inputs. */
const LOWEST_WRITTEN = 13;

/** The oldest that is read: `upgrade` knows what changed since. */
const LOWEST_READ = 11;

/** First default-domain opset of each version of the format (https://github.com/onnx/onnx/blob/main/docs/Versioning.md). */
const irVersions: readonly (readonly [opset: number, ir: number])[] = [
  [28, 14],
  [25, 13],
  [24, 12],
  [23, 11],
  [21, 10],
  [19, 9],
  [15, 8],
  [0, 7],
];

/** The lowest version of the format that has the opset. */
export function irVersionOf(opset: number): number {
  return irVersions.find(([first]) => opset >= first)?.[1] as number;
}

/** `ai.onnx` is another spelling of the default domain. */
export function domainOf(domain: string | undefined): string {
  return domain === undefined || domain === "ai.onnx" ? "" : domain;
}

/**
 * The lowest opset of each domain that expresses the nodes, and not below `atLeast`; domains without a node are left out.
 * @throws bad-argument for an op that is not in the table when `atLeast` does not say which opset it was meant for.
 */
export function opsetsOf(nodes: Iterable<Node>, atLeast: Opsets = {}): Opsets {
  const found = new Map([["", Math.max(LOWEST_WRITTEN, given(atLeast, "") ?? 0)]]);
  for (const { op, domain, name } of nodes) {
    const since = lookup(domain, op)?.since ?? given(atLeast, domain) ?? contrib(domain);
    if (since === undefined) {
      throw new NearfoldError("bad-argument", `${op} is not in the table of ops`, {
        ...(name !== undefined && { at: name }),
        wanted: `its opset, as opsets[${JSON.stringify(domain)}]`,
        hint: "Pass the opsets that the model was read with",
      });
    }
    found.set(domain, Math.max(found.get(domain) ?? 0, given(atLeast, domain) ?? 0, since));
  }
  return Object.fromEntries([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

const given = (opsets: Opsets, domain: string): number | undefined =>
  Object.hasOwn(opsets, domain) ? opsets[domain] : undefined;

/** ONNX Runtime's own domain never left version 1. */
const contrib = (domain: string) => (domain === "com.microsoft" ? 1 : undefined);

/** @throws unsupported for an opset that is too old to be read. */
export function checkReadable(opsets: Opsets, at: string): void {
  const opset = given(opsets, "");
  if (opset === undefined || opset >= LOWEST_READ) return;
  throw new NearfoldError("unsupported", "the model's opset is too old", {
    at,
    got: `${opset}`,
    wanted: `${LOWEST_READ} or newer`,
    hint: "Convert it with onnx.version_converter, or export it again",
  });
}
