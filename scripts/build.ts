/** Builds `dist/`: one JavaScript and one declaration file for each source. */
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, rmSync } from "node:fs";

rmSync("dist", { recursive: true, force: true });
const { status } = spawnSync(
  process.execPath,
  ["node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json"],
  {
    stdio: "inherit",
  },
);
if (status !== 0) process.exit(status ?? 1);
if (existsSync("dist/cli/main.js")) chmodSync("dist/cli/main.js", 0o755);
