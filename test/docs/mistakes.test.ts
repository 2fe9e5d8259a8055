/** A page that does not work fails: each mistake that a page may have, in a page of a few lines. */
import { expect, test } from "vitest";
import { tryPage } from "./try-page.ts";

const PAGE_MS = 180_000;

const block = (kind: string, code: string) => `\`\`\`${kind}\n${code}\n\`\`\`\n`;
const sh = (...lines: readonly string[]) => block("sh", lines.join("\n"));
const evaluation = "nearfold eval sentence-transformers/all-MiniLM-L6-v2 --pairs test.jsonl";

test.each<[mistake: string, page: string, message: string]>([
  ["a wrong option", sh(`${evaluation} --bm26`), "page.md:2: nearfold eval"],
  ["a wrong option later", sh(evaluation, `${evaluation} --k 3`), "unknown option '--k'"],
  ["a wrong value", sh(`${evaluation} --dims 7`), "was not trained for so many dimensions"],
  ["a file that is not there", sh("nearfold embed model/ texts.jsonl"), "no such file"],
  ["another program", sh("npx nearfold --help"), "page.md:2: not a command of ours: npx"],
  ["a pipe", sh(`${evaluation} | head`), "page.md:2: more than words: | head"],
  [
    "an output that is another",
    sh(evaluation) + block("text", "ndcg@11 0.5 [0.4, 0.6]"),
    "ndcg@11",
  ],
  ["an output of nothing", block("text", "ndcg@10"), "page.md:2: an excerpt of nothing"],
  [
    "a row that is none",
    block("jsonl test.jsonl", '{"query": "how?", "documents": "so."}') + sh(evaluation),
    'test.jsonl:1: no positive (got an object with "query", "documents"',
  ],
  ["a file of which nothing is done", block("json tasks.json", "[]"), "nothing on the page reads"],
  ["a block of another kind", block("bash", evaluation), 'no known kind, "bash"'],
  ["an open block", `\`\`\`sh\n${evaluation}\n`, "a fence without its other one"],
  [
    "a name that is not exported",
    block("ts", 'import { trainn } from "nearfold";\ntrainn();'),
    "has no exported member named 'trainn'",
  ],
  ["a subpath that is none", block("ts", 'import { x } from "nearfold/x";'), "has no nearfold/x"],
  ["a program that fails", block("ts", 'throw new Error("not yet");'), "not yet"],
])("%s fails a page", { timeout: PAGE_MS }, async (_, page, message) => {
  await expect(tryPage(page, "page.md")).rejects.toThrow(message);
});

test("a page of none of these mistakes passes", { timeout: PAGE_MS }, async () => {
  const page = [
    block("jsonl test.jsonl", '{"query": "how do I swim?", "document": "Slowly."}'),
    sh(`${evaluation} \\\n  --bm25`),
    block("text", "…\nndcg@10   0.5 [0.4, 0.6]  0.1 [0.05, 0.2]\n…"),
    block(
      "ts",
      'import { readPairs } from "nearfold";\nawait Array.fromAsync(readPairs("test.jsonl"));',
    ),
    block("python", "import torch"),
  ];
  await tryPage(page.join("\nWords.\n\n"), "page.md");
});
