import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { sampleReport } from "../../../test/report-sample.ts";
import type { ReportData } from "./index.ts";
import { renderReport, writeReport } from "./index.ts";

const bare: ReportData = { title: "A run", when: new Date(0) };

/** Every text of the report made by `text`. */
function withTexts(data: ReportData, text: () => string): ReportData {
  const change = (value: unknown): unknown => {
    if (typeof value === "string") return text();
    if (Array.isArray(value)) return value.map(change);
    if (value === null || typeof value !== "object" || value instanceof Date) return value;
    const entries = Object.entries(value).map(([key, inner]) => [key, change(inner)]);
    return Object.fromEntries(entries);
  };
  const { settings = {}, ...rest } = data;
  const renamed = Object.entries(settings).map(([, value], i) => [`${text()}${i}`, value]);
  return change({ ...rest, settings: Object.fromEntries(renamed) }) as ReportData;
}

/** The tags of a page with the names of their attributes. Throws where a tag or an entity is malformed or not closed. */
function tags(markup: string): readonly string[] {
  const open: string[] = [];
  const found: string[] = [];
  const text = markup.replace(/<(\/?)([!a-z][\w-]*)((?: [\w:-]+="[^"<]*")*| html)(\/?)>/gu, tagged);
  function tagged(_: string, end: string, name: string, attributes: string, alone: string) {
    found.push(`${end}${name}${attributes.replace(/="[^"]*"/gu, "")}`);
    if (end) expect(open.pop()).toBe(name);
    else if (!alone && !["!doctype", "meta", "link", "br"].includes(name)) open.push(name);
    return "";
  }
  expect(open).toEqual([]);
  const prose = text.replace(/:root \{.*\n\}/su, "");
  expect(prose).not.toMatch(/[<>"']|&(?!(?:amp|lt|gt|quot|#39);)/u);
  return found;
}

test("retrieved text, however hostile, adds no tag and no attribute", () => {
  const hostile = fc.array(
    fc.oneof(
      fc.constantFrom(
        "<script>",
        "</title>",
        "</style>",
        "<!--",
        "-->",
        "]]>",
        '" onload="',
        "'",
        "&lt;",
        "&#60;",
        "${",
      ),
      fc.constantFrom("\0", "\x1b", "\ud800", "\udc00", "\u202e", "\n", "\ufffe"),
      fc.string({ unit: "binary", minLength: 1 }),
    ),
    { minLength: 1, maxLength: 5 },
  );
  const plain = tags(renderReport(withTexts(sampleReport(), () => "x")));
  fc.assert(
    fc.property(hostile, (parts) => {
      const page = renderReport(withTexts(sampleReport(), () => parts.join("")));
      expect(tags(page)).toEqual(plain);
      expect(page).not.toMatch(/<script/iu);
      expect(page.isWellFormed()).toBe(true);
    }),
    { numRuns: 60 },
  );
});

test("long texts are cut: a page stays small whatever was retrieved", () => {
  const page = renderReport({
    ...bare,
    examples: [
      {
        query: "q".repeat(1e6),
        answer: "a".repeat(1e6),
        model: {
          hits: Array(1000).fill({ title: "t".repeat(1e5), text: "x".repeat(1e5), right: false }),
        },
      },
    ],
  });
  expect(page.length).toBeLessThan(20_000);
});

test("each drawing is XML of its own, with a title and a description that its label names", () => {
  const drawings = renderReport(sampleReport()).match(/<svg xmlns.*?<\/svg>/gsu)!;
  expect(drawings).toHaveLength(4);
  for (const drawing of drawings) {
    tags(drawing);
    const [, ids] = /role="img" aria-labelledby="([^"]+)"/u.exec(drawing)!;
    for (const id of ids.split(" ")) expect(drawing).toContain(` id="${id}">`);
    expect(drawing).not.toMatch(/NaN|Infinity|undefined/u);
  }
  const ids = [...drawings.join("").matchAll(/ id="([^"]+)"/gu)].map(([, id]) => id);
  expect(new Set(ids).size).toBe(ids.length);
});

test("nothing is fetched and nothing runs", () => {
  const page = renderReport(sampleReport());
  expect(page).toContain(`content="default-src 'none'; style-src 'unsafe-inline'; img-src data:"`);
  expect(page).not.toMatch(
    /<(?:script|img|iframe|object|base)\b|@import|url\(|https?:\/\/(?!www\.w3\.org\/2000\/svg)/u,
  );
});

const headings = (data: ReportData) =>
  [...renderReport(data).matchAll(/<h2>(.*?)<\/h2>/gu)].map(([, h]) => h);

test("all sections, in order", () => {
  expect(headings(sampleReport())).toEqual([
    "Quality",
    "Examples",
    "Shorter vectors",
    "Training",
    "Data",
    "Settings",
  ]);
});

test.each([
  ["quality", "Quality"],
  ["examples", "Examples"],
  ["dimensions", "Shorter vectors"],
  ["data", "Data"],
  ["settings", "Settings"],
] as const)("without %s there is no section %s", (field, heading) => {
  const { [field]: _, ...rest } = sampleReport();
  expect(headings(rest)).not.toContain(heading);
  expect(headings(rest)).toHaveLength(5);
});

test("nothing but a title and a date is a page without sections and figures", () => {
  expect(headings(bare)).toEqual([]);
  expect(renderReport(bare)).not.toMatch(/<(?:svg|dl|table)/u);
});

test("one point is no curve, and a loss that is no number is left out", () => {
  const at = (step: number, loss: number) => ({ step, loss });
  expect(headings({ ...bare, loss: [at(1, 2)] })).toEqual([]);
  expect(headings({ ...bare, loss: [at(1, 2), at(2, Number.NaN)] })).toEqual([]);
  const page = renderReport({ ...bare, loss: [at(1, 2), at(2, Number.NaN), at(3, 2)] });
  expect(page).toContain("<h2>Training</h2>");
  expect(page).not.toContain("NaN");
});

test("a long run makes no long page", () => {
  const loss = Array.from({ length: 200_000 }, (_, i) => ({ step: i + 1, loss: 5 / (i + 1) }));
  expect(renderReport({ ...bare, loss }).length).toBeLessThan(60_000);
});

test("the figures that matter are there, formatted", () => {
  const page = renderReport(sampleReport());
  for (const text of [
    "23 November 2026, 13:40 UTC",
    "0.534–0.590",
    "BM25: 0.383",
    "48.3\u202fs",
    "of 2\u202fmin 12\u202fs in all",
    "1.2\u202fGB",
    "214, p\u00a0=\u00a00.002",
    "8,912",
    "right answer not found",
    "right answer 13th",
  ]) {
    expect(page).toContain(text);
  }
});

test("the same data give the same page, written whole", async () => {
  const folder = await mkdtemp(join(tmpdir(), "nearfold-report-"));
  try {
    await writeReport(join(folder, "report.html"), sampleReport());
    expect(await readFile(join(folder, "report.html"), "utf8")).toBe(renderReport(sampleReport()));
    expect(await readdir(folder)).toEqual(["report.html"]);
  } finally {
    await rm(folder, { recursive: true });
  }
});
