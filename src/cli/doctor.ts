import { findingsOf } from "./advice.ts";
import type { CommandSpec } from "./command.ts";
import { type Machine, readMachine } from "./machine.ts";

/** What the machine has, and what that means for speed. */
export const doctor: CommandSpec = {
  name: "doctor",
  summary: "Say what this machine has and what that means for speed",
  examples: ["nearfold doctor", "nearfold doctor --json"],
  run: async () => {
    const machine = await readMachine();
    const findings = findingsOf(machine);
    const marks = { good: "+", note: "·", warning: "!" } as const;
    const advice = findings.map(({ level, text }) => `${marks[level]} ${text}`);
    return {
      text: [...describe(machine), "", ...advice].join("\n"),
      json: { ...machine, findings },
    };
  },
};

function describe(machine: Machine): readonly string[] {
  const { platform, arch, cpu, instructionSets, cores, memory, versions, providers } = machine;
  const sets = Object.entries(instructionSets ?? {}).map(
    ([name, there]) => `${there ? "" : "no "}${name}`,
  );
  const quota = cores.quota === undefined ? "" : `, a quota of ${cores.quota}`;
  const limit = memory.limitMb === undefined ? "" : `, a limit of ${memory.limitMb}`;
  const rows = [
    ["nearfold", versions.nearfold],
    ["Node", `${versions.node} on ${platform} ${arch}`],
    ["ONNX Runtime", `${versions.onnxruntime} (${providers.join(", ")})`],
    ["CPU", cpu],
    ["Instruction sets", sets.join(", ") || "unknown"],
    ["Cores", `${cores.allowed} allowed of ${cores.total}${quota}`],
    ["Memory", `${memory.totalMb} MB, ${memory.freeMb} free${limit}`],
  ];
  return rows.map(([name, value]) => `${name.padEnd(17)} ${value}`);
}
