/**
 * Installs what package-lock.json asks for, when it is not there already. The first thing `npm run quickstart` and `npm test` do;
 * runs on any Node that npm runs on. What npm prints goes to stderr, so that stdout stays the command's own.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";

const stamp = "node_modules/.nearfold-installed";
const wanted = createHash("sha256").update(readFileSync("package-lock.json")).digest("hex");
const found = existsSync(stamp) ? readFileSync(stamp, "utf8") : "";

if (found !== wanted) {
  process.stderr.write(
    "nearfold: installing what package-lock.json lists (once, about a minute)\n",
  );
  const { status } = spawnSync("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], {
    stdio: ["ignore", 2, 2],
    shell: process.platform === "win32",
  });
  if (status !== 0) {
    process.stderr.write(
      "nearfold: npm ci failed; its message is above. Is the package registry reachable?\n",
    );
    process.exit(1);
  }
  writeFileSync(stamp, wanted);
}
