/** What `npm pack` makes, installed in an empty folder and used as README says. */
import { execFile } from "node:child_process";
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { temporaryFolder } from "./temporary.ts";

const root = join(import.meta.dirname, "..");
const INSTALL_MS = 300_000;

interface Packed {
  readonly filename: string;
  /** Of the tarball, in bytes. */
  readonly size: number;
  readonly files: readonly { readonly path: string }[];
}

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let app: string;
let packed: Packed;

beforeAll(async () => {
  folder = await temporaryFolder();
  app = join(folder.path, "app");
  packed = await pack(folder.path);
  await mkdir(app);
  await writeFile(join(app, "package.json"), '{ "name": "app", "private": true }\n');
  // What it depends on is in npm's cache since the checkout was installed.
  const options = ["--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund"];
  await execute("npm", ["install", join(folder.path, packed.filename), ...options], app);
}, INSTALL_MS);

afterAll(() => folder?.[Symbol.asyncDispose]());

/** Builds and packs apart from the checkout, so that its `dist/` is left alone. */
async function pack(into: string): Promise<Packed> {
  const project = join(into, "project");
  await mkdir(project);
  for (const name of ["package.json", "README.md", "LICENSE"]) {
    await copyFile(join(root, name), join(project, name));
  }
  await execute(process.execPath, ["scripts/build.ts", join(project, "dist")], root);
  const found = await execute("npm", ["pack", "--json", "--pack-destination", into], project);
  return (JSON.parse(found) as [Packed])[0];
}

/** Runs a program under the Node of these tests; gives what it writes to stdout. */
async function execute(program: string, args: readonly string[], cwd: string): Promise<string> {
  const PATH = `${dirname(process.execPath)}${delimiter}${process.env.PATH}`;
  const env = { ...process.env, PATH };
  return (await promisify(execFile)(program, args, { cwd, env })).stdout;
}

/** The block of code that follows a marker in README.md. */
async function readmeBlock(marker: string): Promise<string> {
  const readme = await readFile(join(root, "README.md"), "utf8");
  const block = readme.split(`<!-- ${marker} -->`)[1]?.match(/```\w*\n(?<code>.*?)```/s);
  expect(block, `README.md has a block after <!-- ${marker} -->`).toBeTruthy();
  return block!.groups!.code;
}

test("it holds what was built and its papers, and no tests", () => {
  const paths = packed.files.map(({ path }) => path);
  expect(paths).toContain("dist/index.d.ts");
  expect(paths).toContain("LICENSE");
  expect(paths.filter((path) => !/^(dist\/.+\.(js|d\.ts)|[^/]+)$/.test(path))).toEqual([]);
  expect(paths.filter((path) => path.includes(".test."))).toEqual([]);
  // Stores and applications took it over 760 kB.
  expect(packed.size).toBeLessThan(1_000_000);
});

test("its command runs", async () => {
  expect(await execute("npx", ["nearfold", "--help"], app)).toContain("nearfold train pairs.jsonl");
});

test("each subpath resolves and loads", async () => {
  const { exports: subpaths } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as {
    readonly exports: object;
  };
  const names = Object.keys(subpaths).filter((name) => !name.endsWith(".json"));
  const imports = names.map((name) => `await import("nearfold${name.slice(1)}");`);
  await writeFile(join(app, "imports.mjs"), imports.join("\n"));
  await execute(process.execPath, ["imports.mjs"], app);
});

test("README's library example trains, indexes and finds", async () => {
  const code = await readmeBlock("library-example");
  const lines = code.split("\n").filter((line) => line !== "" && !line.startsWith("import "));
  expect(lines.length).toBeLessThanOrEqual(10);
  await writeFile(join(app, "pairs.jsonl"), await readmeBlock("pairs"));
  await writeFile(join(app, "example.mjs"), code);
  const output = await execute(process.execPath, ["example.mjs"], app);
  expect(output).toBe(await readmeBlock("library-output"));
});

test("Milvus' client is not brought along: who opens a reference to one is told what to install", async () => {
  const { peerDependencies } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
  const [[name, version]] = Object.entries(peerDependencies);
  const code = `import { openStore } from "nearfold";
    await openStore("milvus://127.0.0.1:1").catch(({ code, message }) => console.log(code, message));`;
  await writeFile(join(app, "milvus.mjs"), code);
  const output = await execute(process.execPath, ["milvus.mjs"], app);
  expect(output).toMatch(/^unsupported .*not installed/);
  expect(output).toContain(`npm install ${name}@${version}`);
});
