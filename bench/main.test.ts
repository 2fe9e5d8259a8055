import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { measurements } from "./registry.ts";

const bench = (...args: string[]) => benchWith({}, ...args);

function benchWith(environment: NodeJS.ProcessEnv, ...args: string[]) {
  const env = { ...process.env, ...environment };
  const main = join(import.meta.dirname, "main.ts");
  return spawnSync(process.execPath, [main, ...args], { encoding: "utf8", env });
}

test.each([
  { args: ["no-such-name"], why: "an unknown name" },
  { args: ["train-step", "gradcache"], why: "two names" },
])("$why ends with exit code 2 and lists the names", ({ args }) => {
  const { status, stdout, stderr } = bench(...args);
  expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
  for (const name of Object.keys(measurements)) expect(stderr).toContain(name);
});

test("an unknown option ends with exit code 2", () => {
  const { status, stderr } = bench("--fast");
  expect(status).toBe(2);
  expect(stderr).toContain("--fast");
});

test("a measurement that lacks something here ends with exit code 2 and says what", () => {
  const { status, stderr } = benchWith({ NEARFOLD_MODELS: "/no/such/folder" }, "finetune-speed");
  expect(status).toBe(2);
  expect(stderr).toContain("all-minilm-l6-v2 is not in NEARFOLD_MODELS");
});

test("--help says what each measures", () => {
  const { status, stdout } = bench("--help");
  expect(status).toBe(0);
  for (const { about } of Object.values(measurements)) expect(stdout).toContain(about);
});
