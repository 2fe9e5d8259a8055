/** What the parts of a machine mean for speed, in plain words. */
import type { Machine } from "./machine.ts";

export interface Finding {
  /** "good" needs nothing; "note" is worth knowing; "warning" costs speed or may fail. */
  readonly level: "good" | "note" | "warning";
  readonly text: string;
}

type Rule = (machine: Machine) => Finding | undefined;

const good = (text: string): Finding => ({ level: "good", text });
const note = (text: string): Finding => ({ level: "note", text });
const warning = (text: string): Finding => ({ level: "warning", text });

const rules: readonly Rule[] = [
  ({ versions: { node } }) =>
    Number.parseInt(node, 10) >= 24
      ? undefined
      : warning(`Node ${node} is too old: nearfold needs 24 or newer.`),
  ({ instructionSets: sets }) =>
    sets ? undefined : note("This system does not say which instruction sets the CPU has."),
  ({ instructionSets: sets }) =>
    sets?.avx2 === false
      ? warning("No AVX2: float32 products run several times slower than on a newer CPU.")
      : undefined,
  ({ instructionSets: sets }) => {
    if (sets?.avx2 === undefined || !sets.avx2) return undefined;
    return sets.avx512
      ? good("AVX-512: float32 products run at full width.")
      : note("AVX2 without AVX-512: float32 products run at about half of AVX-512's width.");
  },
  ({ instructionSets: sets }) => {
    if (sets?.vnni === undefined) return undefined;
    return sets.vnni
      ? good("VNNI: int8 models run two to three times as fast as float32, without saturating.")
      : warning("No VNNI: int8 products saturate, which costs quality; use 7-bit weights.");
  },
  ({ instructionSets: sets }) =>
    sets?.dotprod === undefined
      ? undefined
      : sets.dotprod
        ? good(
            `Dot products of int8${sets.i8mm ? " and i8mm" : ""}: int8 models run fast, without saturating.`,
          )
        : note("No dot products of int8: int8 models save memory, but little time."),
  ({ instructionSets: sets }) =>
    sets?.bf16 || sets?.amx || sets?.armBf16
      ? note(
          `The CPU has bfloat16${sets.amx ? " (AMX)" : ""}; nearfold computes in float32 and does not use it.`,
        )
      : undefined,
  ({ cores: { total, allowed } }) =>
    allowed < total ? note(`This process may use ${allowed} of ${total} cores.`) : undefined,
  ({ cores: { allowed, quota } }) =>
    quota !== undefined && quota < allowed
      ? warning(
          `The container gets ${round(quota)} cores of time but sees ${allowed}: threads beyond it stand in each other's way.`,
        )
      : undefined,
  ({ cores: { allowed } }) =>
    allowed === 1 ? note("One core: training runs, with nothing else beside it.") : undefined,
  ({ memory: { limitMb, totalMb } }) => {
    const most = limitMb ?? totalMb;
    return most < 2000
      ? warning(`${most} MB of memory: training a transformer needs 2,000 or more.`)
      : undefined;
  },
  ({ providers }) => {
    const others = providers.filter((name) => name !== "cpu");
    return others.length === 0
      ? undefined
      : note(
          `ONNX Runtime also knows ${others.join(", ")}; without such a device the CPU does the work.`,
        );
  },
];

/** What is worth saying about a machine, in the order of the rules. */
export function findingsOf(machine: Machine): readonly Finding[] {
  return rules.flatMap((rule) => rule(machine) ?? []);
}

function round(value: number): string {
  return String(Math.round(10 * value) / 10);
}
