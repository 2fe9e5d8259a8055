/** Finds the named declarations of a `.d.ts` file and their doc comments, with the TypeScript compiler's parser alone. */
import ts from "typescript";

export interface ApiDeclaration {
  /** The names from the outermost module, namespace, class or interface down to the API's own: `["fs", "Stats", "isFile"]`. */
  readonly path: readonly string[];
  /** Its source without comments, up to `SIGNATURE_LENGTH` characters. */
  readonly signature: string;
  /** The description of its doc comment, tags left out and links flattened: none or one, several for a variable. */
  readonly comments: readonly string[];
}

/** The longest signature that is kept, in characters: what follows is rarely about the API itself. */
export const SIGNATURE_LENGTH = 400;

/** Every named declaration of one file, documented or not, in the order of the file. */
export function findDeclarations(fileName: string, text: string): readonly ApiDeclaration[] {
  const source = ts.createSourceFile(fileName, text, ts.ScriptTarget.Latest, true);
  const found: ApiDeclaration[] = [];
  const visit = (node: ts.Node, outer: readonly string[]): void => {
    const name = nameOf(node);
    // `module "path" { namespace path { … } }` is one thing to whoever looks for it.
    const path = name === undefined || name === outer.at(-1) ? outer : [...outer, name];
    if (name !== undefined) {
      found.push({ path, signature: signatureOf(node, source), comments: commentsOf(node) });
    }
    ts.forEachChild(node, (child) => visit(child, path));
  };
  visit(source, []);
  return found;
}

/** The name of an API that can be looked up. Parameters, constructors and index signatures are parts of another. */
function nameOf(node: ts.Node): string | undefined {
  if (!declares.some((is) => is(node))) return undefined;
  const { name } = node as ts.NamedDeclaration;
  if (name === undefined || (node.flags & ts.NodeFlags.GlobalAugmentation) !== 0) {
    return undefined;
  }
  if (ts.isStringLiteralLike(name)) return name.text.replace(/^node:/, "");
  if (ts.isComputedPropertyName(name)) return name.expression.getText();
  return name.getText();
}

const declares: readonly ((node: ts.Node) => boolean)[] = [
  ts.isModuleDeclaration,
  ts.isInterfaceDeclaration,
  ts.isClassDeclaration,
  ts.isEnumDeclaration,
  ts.isEnumMember,
  ts.isTypeAliasDeclaration,
  ts.isFunctionDeclaration,
  ts.isVariableDeclaration,
  ts.isMethodDeclaration,
  ts.isMethodSignature,
  ts.isPropertyDeclaration,
  ts.isPropertySignature,
  ts.isAccessor,
];

/** The tokens of a declaration: no comment, white space as single spaces. */
function signatureOf(node: ts.Node, source: ts.SourceFile): string {
  const end = endOfHead(node);
  const start = node.getStart();
  const scanner = ts.createScanner(ts.ScriptTarget.Latest, true, ts.LanguageVariant.Standard);
  scanner.setText(source.text, start, end - start);
  let signature = "";
  let last = start;
  while (scanner.scan() !== ts.SyntaxKind.EndOfFileToken && signature.length < SIGNATURE_LENGTH) {
    const gap = /\s/u.test(source.text[last]) && signature !== "" ? " " : "";
    last = scanner.getTokenEnd();
    if (!unsaid.has(scanner.getToken())) signature += gap + scanner.getTokenText();
  }
  return signature.trim().replace(/[;,]$/u, "").slice(0, SIGNATURE_LENGTH);
}

/** Where what a declaration says of itself ends: the members of a module, class or interface are APIs of their own. */
function endOfHead(node: ts.Node): number {
  if (ts.isModuleDeclaration(node)) return node.body?.getStart() ?? node.end;
  // The list of members starts behind its brace.
  if (ts.isInterfaceDeclaration(node) || ts.isClassDeclaration(node)) return node.members.pos - 1;
  return node.end;
}

/** Keywords that every declaration of its kind has. */
const unsaid: ReadonlySet<ts.SyntaxKind> = new Set([
  ts.SyntaxKind.ExportKeyword,
  ts.SyntaxKind.DeclareKeyword,
]);

function commentsOf(node: ts.Node): readonly string[] {
  return ts
    .getJSDocCommentsAndTags(node)
    .filter(ts.isJSDoc)
    .map(({ comment = "" }) =>
      typeof comment === "string" ? comment : comment.map(flattenLink).join(""),
    )
    .filter((comment) => comment !== "");
}

/** The label of a link, or what it points to. */
function flattenLink(part: ts.JSDocComment): string {
  if (part.kind === ts.SyntaxKind.JSDocText) return part.text;
  const { name, text } = part;
  const target = name?.getText() ?? "";
  // The parser takes the scheme of an address for a name.
  if (text.startsWith("://")) return text.replace(/^\S+\s*/, "");
  const label = text.replace(/^[\s|]+/, "");
  return label === "" || text.startsWith("(") ? target + text : label;
}
