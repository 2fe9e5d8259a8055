/** A document as its text and its structure, whatever file it came from. */

/** What a block is; a passage is cut first between blocks, then within one by what suits its kind. */
export type BlockKind = "heading" | "paragraph" | "item" | "code" | "row";

/** A stretch of a document's text. Blocks stand in order and don't overlap; what lies between them is not content, or is white space. */
export interface Block {
  readonly kind: BlockKind;
  /** UTF-16 units into the document's text. */
  readonly start: number;
  /** Past its last unit. */
  readonly end: number;
  /** The headings that it stands under, the outermost first; a heading stands under itself. Blocks of one section share the list. */
  readonly headings: readonly string[];
  /** The names of the columns, of a table's row that is not itself those names. */
  readonly header?: string;
  /** Counted from 1, where the file has pages. */
  readonly page?: number;
}

/** What a file says. */
export interface Content {
  readonly title?: string;
  /** Well-formed Unicode. A Markdown or plain file's own characters, without a byte order mark; of other kinds, what a reader sees. */
  readonly text: string;
  readonly blocks: readonly Block[];
}

export interface StructuredDocument extends Content {
  /** The way to the file from the folder that was read: "/" between names, no "..", in NFC. */
  readonly id: string;
}

/** A kind of file. */
export interface DocumentKind {
  /** Ends of names, in lower case. */
  readonly extensions: readonly string[];
  /** Bytes of the largest file taken unless the caller says otherwise. */
  readonly maxBytes: number;
  /** Whether a hostile file may take long or much memory: then it is read in a thread of its own, which can be ended. */
  readonly apart: boolean;
  /**
   * The bytes are the reader's from then on.
   * @param at what errors call it
   * @throws bad-input for bytes that are not of this kind, too-large, unsupported
   */
  readonly read: (bytes: Uint8Array, at: string) => Content | Promise<Content>;
}
