import type { getDocumentProxy as GetDocumentProxy } from "unpdf";
import { NearfoldError } from "../../errors.ts";
import type { Content, DocumentKind } from "../document.ts";
import { type PdfLine, pdfBlocks } from "../pdf-blocks.ts";

/** Pages of the longest document. */
const MAX_PAGES = 20_000;

/** The text of a PDF in the order in which it was written; pages that are pictures have none. */
export const pdf: DocumentKind = {
  extensions: [".pdf"],
  maxBytes: 128 * 2 ** 20,
  apart: true,
  read: async (bytes, at) => {
    if (!new TextDecoder("latin1").decode(bytes.subarray(0, 1024)).includes("%PDF-")) {
      throw new NearfoldError("bad-input", "not a PDF", { at, wanted: '"%PDF-" at its beginning' });
    }
    // Loaded late: it is large, and most never read a PDF.
    const { getDocumentProxy } = await import("unpdf");
    const document = await open(getDocumentProxy, bytes, at);
    try {
      return await readPages(document, at);
    } finally {
      await document.loadingTask.destroy();
    }
  },
};

type Pdf = Awaited<ReturnType<typeof GetDocumentProxy>>;

/** Nothing is fetched and no code of the file's is run: no scripts, no forms' programs, no fonts but those inside. */
const closed = {
  isEvalSupported: false,
  enableXfa: false,
  useSystemFonts: false,
  disableFontFace: true,
  disableAutoFetch: true,
  disableRange: true,
  disableStream: true,
  useWorkerFetch: false,
  verbosity: 0,
};

async function open(
  getDocumentProxy: typeof GetDocumentProxy,
  data: Uint8Array,
  at: string,
): Promise<Pdf> {
  const found = await getDocumentProxy(data, closed).catch((cause: unknown) => {
    const { name, message } = cause as Error;
    if (name === "PasswordException") {
      const hint = "Save it without its password first";
      throw new NearfoldError("unsupported", "the PDF is encrypted", { at, hint, cause });
    }
    throw new NearfoldError("bad-input", "not a readable PDF", { at, got: message, cause });
  });
  if (found.numPages <= MAX_PAGES) return found;
  const [got, wanted] = [`${found.numPages} pages`, `at most ${MAX_PAGES}`];
  throw new NearfoldError("too-large", "the PDF has too many pages", { at, got, wanted });
}

async function readPages(document: Pdf, at: string): Promise<Content> {
  const lines: PdfLine[] = [];
  try {
    for (let page = 1; page <= document.numPages; page++) {
      lines.push(...(await linesOf(document, page)));
    }
    const title = titleOf((await document.getMetadata().catch(() => undefined))?.info);
    return { ...(title !== undefined && { title }), ...pdfBlocks(lines) };
  } catch (cause) {
    const got = (cause as Error).message;
    throw new NearfoldError("bad-input", "a page of the PDF can't be read", { at, got, cause });
  }
}

function titleOf(info: object | undefined): string | undefined {
  const title = info && "Title" in info ? info.Title : undefined;
  return typeof title === "string" && title.trim() !== ""
    ? title.trim().slice(0, 1000).toWellFormed()
    : undefined;
}

async function linesOf(document: Pdf, number: number): Promise<readonly PdfLine[]> {
  const page = await document.getPage(number);
  const { items } = await page.getTextContent();
  const lines: PdfLine[] = [];
  let text = "";
  let first: { readonly y: number; readonly size: number } | undefined;
  const end = () => {
    const shown = text
      .replaceAll(/[\p{Cc}\s]+/gu, " ")
      .replaceAll(/(?: ?\.){4,}/g, " …")
      .trim()
      .toWellFormed();
    if (first && shown !== "") lines.push({ text: shown, page: number, ...first });
    [text, first] = ["", undefined];
  };
  for (const item of items) {
    if (!("str" in item)) continue;
    const [a, b, , , , y] = item.transform as readonly number[];
    if (item.str.trim() !== "") first ??= { y, size: Math.hypot(a, b) };
    text += item.str;
    if (item.hasEOL) end();
  }
  end();
  page.cleanup();
  return lines.filter(({ text: line }, i) => !(PAGE_NUMBER.test(line) && isEdge(i, lines.length)));
}

const PAGE_NUMBER = /^(?:\d{1,5}|[ivxl]{1,7})$/;

function isEdge(line: number, lines: number): boolean {
  return line === 0 || line === lines - 1;
}
