/** A page followed from its beginning to its end, as its reader does. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { nearfold } from "../nearfold.ts";
import { type Serving, startServing } from "../serving.ts";
import { strangeLines } from "./excerpt.ts";
import { type Block, parsePage } from "./page.ts";
import { fromSources, runProgram, typeErrors } from "./program.ts";
import { readerFiles } from "./reader-files.ts";
import { commandsOf } from "./shell.ts";
import { openWorld, type World } from "./world.ts";

/** Where pages say that their servers are; here each gets a free port. */
const SERVED = "http://127.0.0.1:8080";

/**
 * Does what a page says, block by block. A server that it starts answers the rest of the page.
 * @throws where a command or a program fails, or prints no line that the page shows; naming the page's line
 */
export async function tryPage(markdown: string, name: string): Promise<void> {
  const blocks = parsePage(markdown, name);
  await using world = await openWorld(filesOf(blocks));
  const programs = await writePrograms(blocks, world);
  await using serving = new AsyncDisposableStack();
  let server: Serving | undefined;
  const serve = async (argv: readonly string[]) => {
    server = serving.use(await startServing(argv));
    return server.err;
  };
  const found = (text: string) => text.replaceAll(SERVED, server?.url ?? SERVED);
  let output: string | undefined;
  for (const block of blocks) {
    if (block.kind === "sh")
      output = await runCommands({ ...block, code: found(block.code) }, serve);
    else if (block.kind === "ts") {
      const file = programs.get(block)!;
      await writeFile(file, found(await readFile(file, "utf8")));
      output = await runProgram(file, world.folder);
    } else if (block.kind === "text") compare(block, output);
    else output = undefined;
  }
}

/** The reader's files, each begun by the rows that the page shows of it. @throws for one of which nothing is done */
function filesOf(blocks: readonly Block[]): Readonly<Record<string, string>> {
  const files = new Map<string, string>();
  for (const { file, code, at } of blocks) {
    if (file === undefined) continue;
    if (!blocks.some((block) => block.file !== file && block.code.includes(file))) {
      throw new Error(`${at}: nothing on the page reads ${file}`);
    }
    files.set(file, (files.get(file) ?? "") + code);
  }
  for (const [file, rows] of Object.entries(readerFiles)) {
    files.set(file, (files.get(file) ?? "") + rows);
  }
  return Object.fromEntries(files);
}

async function runCommands(
  { code, at }: Block,
  serve: (argv: readonly string[]) => Promise<string>,
): Promise<string> {
  let printed = "";
  for (const [program, ...argv] of commandsOf(code, at)) {
    if (program !== "nearfold") throw new Error(`${at}: not a command of ours: ${program}`);
    if (argv[0] === "serve") {
      printed += await serve(argv.slice(1));
      continue;
    }
    const { code, out, err } = await nearfold(argv);
    printed += err + out;
    if (code !== 0) throw new Error(`${at}: nearfold ${argv.join(" ")} ends with ${code}:\n${err}`);
  }
  return printed;
}

function compare({ code, at }: Block, output: string | undefined): void {
  if (output === undefined) throw new Error(`${at}: an excerpt of nothing`);
  const strange = strangeLines(code, output);
  if (strange.length === 0) return;
  throw new Error(`${at}: not in the output:\n${strange.join("\n")}\n\nThe output:\n${output}`);
}

/** The page's programs as files, with no error that a compiler finds. */
async function writePrograms(blocks: readonly Block[], { folder }: World) {
  const programs = new Map<Block, string>();
  for (const block of blocks.filter(({ kind }) => kind === "ts")) {
    const file = join(folder, `${block.at.replaceAll(/\W+/g, "-")}.mts`);
    await writeFile(file, await fromSources(block.code, block.at));
    programs.set(block, file);
  }
  const errors = programs.size > 0 ? typeErrors([...programs.values()]) : [];
  if (errors.length > 0) throw new Error(errors.join("\n"));
  return programs;
}
