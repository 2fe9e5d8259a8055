import { passages, tokenCounter } from "../../src/documents/index.ts";
import { documentKinds, type KindName } from "../../src/documents/registry.ts";
import { loadTokenizer } from "../../src/text/index.ts";
import { miniLm } from "../../test/minilm.ts";
import { pdfFile } from "../../test/pdf-file.ts";
import { interleave, median, timed } from "../measure.ts";
import { needs, readScifact } from "../real-data.ts";
import type { Finding, Measurement } from "../result.ts";

/** UTF-16 units of text in each file. */
const UNITS = 2_000_000;
const RUNS = 3;

interface Section {
  readonly title: string;
  readonly text: string;
}

/** The same abstracts as a file of each kind. */
const writers: Readonly<Record<KindName, (sections: readonly Section[]) => Uint8Array>> = {
  markdown: (sections) => utf8(sections, ({ title, text }) => `## ${title}\n\n${text}\n\n`),
  html: (sections) =>
    utf8(sections, ({ title, text }) => `<h2>${entities(title)}</h2>\n<p>${entities(text)}</p>\n`),
  text: (sections) => utf8(sections, ({ title, text }) => `${title}\n\n${text}\n\n`),
  pdf: (sections) => pdfFile(sections.map(toPage)),
};

function utf8(sections: readonly Section[], write: (section: Section) => string): Uint8Array {
  return new TextEncoder().encode(sections.map(write).join(""));
}

function entities(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}

/** A page a section, in lines of some ninety characters. */
function toPage({ title, text }: Section) {
  const plain = (line: string) => line.replaceAll(/[^ -~]/g, "?");
  const lines = text.match(/.{1,90}(?:\s|$)/gs) ?? [];
  const body = lines.map((line, i) => ({ text: plain(line.trim()), size: 10, y: 740 - 12 * i }));
  return [{ text: plain(title.slice(0, 90)), size: 14, y: 770 }, ...body];
}

/** Documents of each kind read, and cut into passages by MiniLM's tokenizer. */
export const readDocuments: Measurement = {
  about:
    "SciFact's abstracts as Markdown, HTML, plain text and PDF: seconds to read a megabyte of text and to cut it into passages, of the slowest kind",
  unit: "s/MB",
  better: "lower",
  // MiniLM takes some 30 s for a megabyte: reading must not be what is waited for.
  targets: [3],
  missing: needs("data", "miniLm"),
  async run(log): Promise<Finding> {
    const { documents } = await readScifact("test");
    const sections: Section[] = [];
    let units = 0;
    for (const [id, text] of documents) {
      if (units > UNITS) break;
      sections.push({ title: `Abstract ${id}`, text });
      units += text.length;
    }
    const countTokens = tokenCounter(await loadTokenizer(miniLm));
    const details: Record<string, string> = {};
    const speeds: number[][] = [];
    for (const kind of Object.keys(writers) as KindName[]) {
      const file = writers[kind](sections);
      const [reading, cutting]: [number[], number[]] = [[], []];
      const run = async () => {
        const read = await timed(() => documentKinds[kind].read(file.slice(), kind));
        const document = { id: kind, ...read.result };
        const cut = await timed(() => passages(document, { countTokens }));
        const text = document.text.length / 1e6;
        reading.push((text * 1000) / read.ms);
        cutting.push((cut.result.length * 1000) / cut.ms);
        return (text * 1000) / (read.ms + cut.ms);
      };
      const [both] = await interleave([{ run }], { runs: RUNS, warmUps: 1 });
      speeds.push(both);
      details[kind] =
        `${(file.length / 1e6).toFixed(1)} MB of file: read at ${median(reading).toFixed(1)} MB/s of text, cut at ${median(cutting).toFixed(0)} passages/s, both ${median(both).toFixed(2)} MB/s`;
      log(`${kind}: ${details[kind]}`);
    }
    const slowest = speeds.reduce((a, b) => (median(b) < median(a) ? b : a));
    return { ours: slowest.map((speed) => 1 / speed), details };
  },
};
