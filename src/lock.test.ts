import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "../test/temporary.ts";
import { acquireLock } from "./lock.ts";

/** The id of a process that has ended. */
const gone = () => spawnSync(process.execPath, ["-e", ""]).pid;

test("one holder at a time; given back, the next has it", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "lock");
  {
    await using _held = await acquireLock(path);
    await expect(acquireLock(path)).rejects.toMatchObject({ code: "exists" });
  }
  await using _again = await acquireLock(path);
});

test("a process that is there holds it", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "lock");
  const lock = JSON.stringify(new URL("./lock.ts", import.meta.url).href);
  const program = `import { acquireLock } from ${lock}; await acquireLock(${JSON.stringify(path)}); console.log("held"); setInterval(() => {}, 1e6);`;
  const holder = spawn(process.execPath, ["--input-type=module", "--eval", program]);
  await once(holder.stdout, "data");
  await expect(acquireLock(path)).rejects.toMatchObject({ code: "exists" });
  holder.kill("SIGKILL");
  await once(holder, "exit");
  await using _taken = await acquireLock(path);
});

test.each([
  ["a process that is gone", () => JSON.stringify({ pid: gone(), began: "1" })],
  [
    "one of our id that began at another time",
    () => JSON.stringify({ pid: process.pid, began: "1" }),
  ],
  ["a writer that was killed before it wrote", () => ""],
  ["nobody who can be read", () => "{"],
])("%s holds nothing", async (_, content) => {
  await using folder = await temporaryFolder();
  const path = await folder.write("lock", content());
  await using _held = await acquireLock(path);
});

test("nor does a process that has the id of one that is gone", async ({ skip }) => {
  skip(process.platform !== "linux", "only Linux tells when another process began");
  await using folder = await temporaryFolder();
  const path = await folder.write("lock", JSON.stringify({ pid: process.ppid, began: "1" }));
  await using _held = await acquireLock(path);
});

test("a lock whose line comes a moment after its file is held", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "lock");
  let line: string;
  {
    await using _held = await acquireLock(path);
    line = await readFile(path, "utf8");
  }
  await writeFile(path, "");
  const waiting = acquireLock(path);
  await writeFile(path, line);
  await expect(waiting).rejects.toMatchObject({ code: "exists" });
});
