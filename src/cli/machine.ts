/** What the machine has. Parsing is apart from reading, so that other machines can be tested. */
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { arch, availableParallelism, cpus, freemem, platform, totalmem } from "node:os";
import { promisify } from "node:util";
import { availableProviders } from "../runtime/session.ts";
import { runtimeVersion } from "../runtime/version.ts";
import { packageVersion } from "./version.ts";

/** Instruction sets that decide how fast a model runs, and how each system spells them. */
const instructionSets = {
  avx2: { arch: "x64", flags: ["avx2"] },
  avx512: { arch: "x64", flags: ["avx512f"] },
  vnni: { arch: "x64", flags: ["avx512_vnni", "avx_vnni"] },
  bf16: { arch: "x64", flags: ["avx512_bf16"] },
  amx: { arch: "x64", flags: ["amx_tile"] },
  dotprod: { arch: "arm64", flags: ["asimddp", "hw.optional.arm.FEAT_DotProd: 1"] },
  i8mm: { arch: "arm64", flags: ["i8mm", "hw.optional.arm.FEAT_I8MM: 1"] },
  armBf16: { arch: "arm64", flags: ["bf16", "hw.optional.arm.FEAT_BF16: 1"] },
} as const satisfies Record<string, { readonly arch: string; readonly flags: readonly string[] }>;

type InstructionSet = keyof typeof instructionSets;

export interface Machine {
  readonly platform: string;
  readonly arch: string;
  readonly cpu: string;
  /** Those of this architecture; undefined where the system does not say. */
  readonly instructionSets: Readonly<Partial<Record<InstructionSet, boolean>>> | undefined;
  readonly cores: {
    /** Of the machine. */
    readonly total: number;
    /** That this process may run on at once. */
    readonly allowed: number;
    /** CPU time that a container gets, in cores; absent without a limit. */
    readonly quota?: number;
  };
  readonly memory: {
    readonly totalMb: number;
    readonly freeMb: number;
    /** Of a container; absent without a limit. */
    readonly limitMb?: number;
  };
  readonly versions: Readonly<Record<"nearfold" | "node" | "onnxruntime", string>>;
  /** Of ONNX Runtime as it is installed, in its own words. */
  readonly providers: readonly string[];
}

/** Looks at the machine; what can't be read is left out. */
export async function readMachine(): Promise<Machine> {
  const [quota, limit] = await Promise.all([readQuota(), readMemoryLimit()]);
  const mb = (bytes: number) => Math.round(bytes / 1e6);
  return {
    platform: platform(),
    arch: arch(),
    cpu: cpus()[0]?.model.trim() || "unknown",
    instructionSets: await readInstructionSets(),
    cores: {
      total: cpus().length,
      allowed: availableParallelism(),
      ...(quota !== undefined && { quota }),
    },
    memory: {
      totalMb: mb(totalmem()),
      freeMb: mb(freemem()),
      ...(limit !== undefined && limit < totalmem() && { limitMb: mb(limit) }),
    },
    versions: {
      nearfold: packageVersion(),
      node: process.versions.node,
      onnxruntime: runtimeVersion(),
    },
    providers: availableProviders(),
  };
}

/** From `/proc/cpuinfo`: the flags of the first core (`Features` on ARM). Undefined where it lists none. */
export function parseCpuinfo(text: string, on: string): Machine["instructionSets"] {
  const flags = /^(?:flags|Features)\s*:\s*(.*)$/m.exec(text)?.[1]?.split(/\s+/);
  return flags && pick(on, (flag) => flags.includes(flag));
}

/** From `sysctl -a` of macOS: `name: 1` for what is there. Undefined where it lists nothing of it. */
export function parseSysctl(text: string, on: string): Machine["instructionSets"] {
  const found = text.split("\n");
  return text.includes("hw.optional.arm.") ? pick(on, (flag) => found.includes(flag)) : undefined;
}

/** Cores from `cpu.max` of cgroup 2 ("200000 100000"), or from quota and period of cgroup 1; undefined without a limit. */
export function parseQuota(text: string): number | undefined {
  const [quota, period] = text.trim().split(/\s+/).map(Number);
  return quota > 0 && period > 0 ? quota / period : undefined;
}

function pick(on: string, has: (flag: string) => boolean): Machine["instructionSets"] {
  const all = Object.entries(instructionSets).filter(([, { arch }]) => arch === on);
  return Object.fromEntries(all.map(([name, { flags }]) => [name, flags.some(has)]));
}

async function readInstructionSets(): Promise<Machine["instructionSets"]> {
  if (platform() === "linux") return parseCpuinfo(await readText("/proc/cpuinfo"), arch());
  if (platform() !== "darwin") return undefined;
  const { stdout } = await promisify(execFile)("sysctl", ["-a"]).catch(() => ({ stdout: "" }));
  return parseSysctl(stdout, arch());
}

const CGROUP = "/sys/fs/cgroup";

async function readQuota(): Promise<number | undefined> {
  const second = parseQuota(await readText(`${CGROUP}/cpu.max`));
  if (second !== undefined) return second;
  const quota = await readText(`${CGROUP}/cpu/cpu.cfs_quota_us`);
  return parseQuota(`${quota} ${await readText(`${CGROUP}/cpu/cpu.cfs_period_us`)}`);
}

async function readMemoryLimit(): Promise<number | undefined> {
  const second = await readText(`${CGROUP}/memory.max`);
  const first = second || (await readText(`${CGROUP}/memory/memory.limit_in_bytes`));
  return Number(first) > 0 ? Number(first) : undefined;
}

function readText(path: string): Promise<string> {
  return readFile(path, "utf8").catch(() => "");
}
