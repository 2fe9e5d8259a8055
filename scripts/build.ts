/** Builds `dist/` (or the folder given): one JavaScript and one declaration file for each source. */
import { spawnSync } from "node:child_process";
import { chmodSync, rmSync } from "node:fs";
import { join } from "node:path";

const [, , out = "dist"] = process.argv;
rmSync(out, { recursive: true, force: true });
const { status } = spawnSync(
  process.execPath,
  ["node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json", "--outDir", out],
  { stdio: "inherit" },
);
if (status !== 0) process.exit(status ?? 1);
chmodSync(join(out, "cli/main.js"), 0o755);
