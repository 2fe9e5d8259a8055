import { describe, expect, it } from "vitest";
import { findingsOf } from "./advice.ts";
import { type Machine, parseCpuinfo, parseQuota, parseSysctl, readMachine } from "./machine.ts";

describe("instruction sets", () => {
  const epyc = "processor\t: 0\nflags\t\t: fpu avx2 avx512f avx512_vnni avx512_bf16\n\nflags: none";
  const graviton = "processor : 0\nFeatures\t: fp asimd asimddp i8mm bf16\n";
  const apple = "hw.optional.arm.FEAT_DotProd: 1\nhw.optional.arm.FEAT_I8MM: 0\n";
  it.each([
    ["AVX-512 server", parseCpuinfo(epyc, "x64"), { avx2: true, vnni: true, amx: false }],
    [
      "VNNI without AVX-512",
      parseCpuinfo("flags : avx2 avx_vnni", "x64"),
      { vnni: true, avx512: false },
    ],
    [
      "no substring counts",
      parseCpuinfo("flags : avx2x amx_tiles", "x64"),
      { avx2: false, amx: false },
    ],
    ["ARM server", parseCpuinfo(graviton, "arm64"), { dotprod: true, i8mm: true, armBf16: true }],
    ["Apple", parseSysctl(apple, "arm64"), { dotprod: true, i8mm: false, armBf16: false }],
  ])("%s", (_, found, wanted) => {
    expect(found).toMatchObject(wanted);
  });

  it.each([
    ["nothing to read", parseCpuinfo("", "x64")],
    ["no flags", parseCpuinfo("processor : 0\n", "arm64")],
    ["sysctl of something else", parseSysctl("kern.ostype: Darwin\n", "arm64")],
  ])("unknown: %s", (_, found) => {
    expect(found).toBeUndefined();
  });

  it("only those of the architecture are listed", () => {
    expect(Object.keys(parseCpuinfo(graviton, "arm64")!)).toEqual(["dotprod", "i8mm", "armBf16"]);
  });
});

it.each([
  ["150000 100000\n", 1.5],
  ["max 100000\n", undefined],
  ["-1\n 100000\n", undefined],
  ["", undefined],
])("a quota of %j is %s cores", (text, cores) => {
  expect(parseQuota(text)).toBe(cores);
});

describe("findings", () => {
  const machine: Machine = {
    platform: "linux",
    arch: "x64",
    cpu: "a CPU",
    instructionSets: { avx2: true, avx512: true, vnni: true, bf16: false, amx: false },
    cores: { total: 8, allowed: 8 },
    memory: { totalMb: 16_000, freeMb: 8000 },
    versions: { nearfold: "0.1.0", node: "24.21.0", onnxruntime: "1.30.0" },
    providers: ["cpu"],
  };
  const sets = (change: Machine["instructionSets"]) => ({
    ...machine,
    instructionSets: { ...machine.instructionSets, ...change },
  });

  it.each<[string, Machine, string]>([
    ["VNNI", machine, "VNNI: int8 models run"],
    ["no VNNI", sets({ vnni: false }), "No VNNI: int8 products saturate"],
    ["no AVX-512", sets({ avx512: false }), "AVX2 without AVX-512"],
    ["no AVX2", sets({ avx2: false, avx512: false }), "No AVX2"],
    ["bfloat16", sets({ bf16: true }), "does not use it"],
    ["unknown", { ...machine, instructionSets: undefined }, "does not say"],
    ["ARM", { ...machine, instructionSets: { dotprod: true, i8mm: true } }, "and i8mm"],
    ["fewer cores", { ...machine, cores: { total: 8, allowed: 2 } }, "2 of 8 cores"],
    ["a quota", { ...machine, cores: { total: 8, allowed: 8, quota: 1.5 } }, "1.5 cores of time"],
    [
      "little memory",
      { ...machine, memory: { ...machine.memory, limitMb: 512 } },
      "512 MB of memory",
    ],
    ["an old Node", { ...machine, versions: { ...machine.versions, node: "22.1.0" } }, "too old"],
    ["providers", { ...machine, providers: ["cpu", "cuda"] }, "also knows cuda"],
  ])("%s", (_, found, words) => {
    expect(
      findingsOf(found)
        .map(({ text }) => text)
        .join("\n"),
    ).toContain(words);
  });

  it("a good machine gets no warning", () => {
    expect(findingsOf(machine).map(({ level }) => level)).toEqual(["good", "good"]);
  });
});

it("this machine can be read", async () => {
  const machine = await readMachine();
  expect(machine.cores.allowed).toBeGreaterThan(0);
  expect(machine.memory.totalMb).toBeGreaterThan(100);
  expect(machine.providers).toContain("cpu");
  expect(machine.versions.onnxruntime).toMatch(/^\d+\.\d+\.\d+/);
});
