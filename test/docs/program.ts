/** The programs of a page: their imports are of the package; here they are of its sources. */
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import ts from "typescript";

const root = join(import.meta.dirname, "../..");

/** A program whose imports of the package name its sources. @throws for a subpath that the package does not have */
export async function fromSources(code: string, at: string): Promise<string> {
  const { exports: subpaths } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as {
    readonly exports: Readonly<Record<string, { readonly default: string }>>;
  };
  return code.replaceAll(/(?<=from ")nearfold(?<subpath>\/[\w-]+)?(?=")/g, (name, subpath = "") => {
    const target = subpaths[`.${subpath}`]?.default;
    if (target === undefined) throw new Error(`${at}: the package has no ${name}`);
    return join(root, target.replace("./dist/", "src/").replace(/\.js$/, ".ts"));
  });
}

/** What the compiler finds wrong with files, by the project's own settings. */
export function typeErrors(files: readonly string[]): readonly string[] {
  const config = ts.readConfigFile(join(root, "tsconfig.json"), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config.config, ts.sys, root);
  const typeRoots = [join(root, "node_modules/@types")];
  // They are not emitted, so paths that end in .ts may be absolute.
  const more = { typeRoots, rewriteRelativeImportExtensions: false };
  const program = ts.createProgram(files, { ...options, ...more });
  const found = files.flatMap((file) =>
    ts.getPreEmitDiagnostics(program, program.getSourceFile(file)),
  );
  return found.map(({ file, start = 0, messageText }) => {
    const line = (file?.getLineAndCharacterOfPosition(start).line ?? 0) + 1;
    const at = `${basename(file?.fileName ?? "")}, line ${line}`;
    return `${at}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`;
  });
}

/** Runs a file in a folder, with this process' environment; gives what it prints. */
export async function runProgram(file: string, cwd: string): Promise<string> {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [file], { cwd });
  return stdout + stderr;
}
