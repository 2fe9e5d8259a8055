/** A report with every section, made up but of the size and kind of the quickstart's. */
import type { ReportData, ReportExample } from "../src/cli/report/index.ts";
import { sequence } from "../src/graph/rng.ts";

const STEPS = 1400;

export function sampleReport(): ReportData {
  const next = sequence(7);
  return {
    title: "Find the API from its description",
    description:
      "A static embedder, trained from nothing on doc comments and the declarations they describe: TypeScript’s libraries and Node’s, 256 dimensions.",
    when: new Date("2026-11-23T13:40:12Z"),
    machine: "2 cores of AMD EPYC 9B14, Linux x64, Node 24.21.0",
    quality: [
      {
        name: "All held-out queries",
        queries: 800,
        model: { ndcg10: { mean: 0.5621, low: 0.5342, high: 0.5897 }, recall10: 0.768 },
        bm25: { ndcg10: { mean: 0.2653, low: 0.2391, high: 0.2922 }, recall10: 0.383 },
        p: 0.0001,
      },
      {
        name: "Unlike any training query",
        queries: 214,
        model: { ndcg10: { mean: 0.3412, low: 0.2894, high: 0.3937 }, recall10: 0.533 },
        bm25: { ndcg10: { mean: 0.2318, low: 0.1836, high: 0.2817 }, recall10: 0.341 },
        p: 0.0024,
      },
    ],
    cost: { trainSeconds: 48.3, totalSeconds: 131.6, peakMemoryMb: 1187 },
    loss: Array.from({ length: STEPS }, (_, i) => ({
      step: i + 1,
      loss: 0.85 + 4.1 * Math.exp(-i / 190) + 0.35 * Math.exp(-i / 900) + (next() - 0.5) * 0.62,
    })),
    evaluations: {
      measure: "nDCG@10 on 400 dev queries",
      points: Array.from({ length: 14 }, (_, i) => ({
        step: (i + 1) * 100,
        score: 0.571 - 0.33 * Math.exp(-(i + 1) / 3.1) + (next() - 0.5) * 0.008,
      })),
    },
    dimensions: [
      { dimensions: 256, ndcg10: { mean: 0.5621, low: 0.5342, high: 0.5897 } },
      { dimensions: 128, ndcg10: { mean: 0.5518, low: 0.5236, high: 0.5795 } },
      { dimensions: 64, ndcg10: { mean: 0.5207, low: 0.4927, high: 0.5488 } },
      { dimensions: 32, ndcg10: { mean: 0.4419, low: 0.4134, high: 0.4702 } },
    ],
    examples: examples(),
    data: {
      description:
        "Pairs of doc comment and declaration from typescript/lib and @types/node. The API’s own name is masked in the description. Equal declarations are merged, and splits are made by a hash of symbol and text, so that no text stands on two sides.",
      splits: [
        { name: "Train", count: 7712, note: "the tokenizer and the model" },
        { name: "Dev", count: 400, note: "choosing the best checkpoint" },
        { name: "Test", count: 800, note: "every figure of this page" },
        { name: "Index", count: 8912, note: "the declarations that are searched" },
      ],
    },
    settings: {
      architecture: "static",
      dimensions: 256,
      vocabulary: 16000,
      loss: "InfoNCE, both directions",
      temperature: 0.05,
      matryoshka: "256, 128, 64, 32",
      "batch size": 256,
      epochs: 46,
      "learning rate": 0.01,
      schedule: "cosine, 10 % warm-up",
      "weight decay": 0,
      clipping: true,
      seed: 1,
    },
  };
}

function examples(): readonly ReportExample[] {
  return [
    {
      query:
        "Returns a new array with all sub-array elements concatenated into it up to the given depth.",
      answer: "Array.flat",
      model: {
        rank: 1,
        hits: [
          hit(
            "Array.flat",
            "flat<A, D extends number = 1>(this: A, depth?: D): FlatArray<A, D>[]",
            true,
          ),
          hit(
            "Array.flatMap",
            "flatMap<U, This = undefined>(callback: (this: This, value: T, index: number, array: T[]) => U | ReadonlyArray<U>, thisArg?: This): U[]",
          ),
          hit("ReadonlyArray.concat", "concat(...items: (T | ConcatArray<T>)[]): T[]"),
          hit("Array.copyWithin", "copyWithin(target: number, start: number, end?: number): this"),
          hit(
            "Array.toSpliced",
            "toSpliced(start: number, deleteCount: number, ...items: T[]): T[]",
          ),
        ],
      },
      bm25: {
        rank: 4,
        hits: [
          hit(
            "IDBIndex.getAllKeys",
            "getAllKeys(query?: IDBValidKey | IDBKeyRange | null, count?: number): IDBRequest<IDBValidKey[]>",
          ),
          hit("Array.concat", "concat(...items: ConcatArray<T>[]): T[]"),
          hit(
            "WebGL2RenderingContext.texSubImage3D",
            "texSubImage3D(target: GLenum, level: GLint, xoffset: GLint, yoffset: GLint, zoffset: GLint, width: GLsizei, height: GLsizei, depth: GLsizei, format: GLenum, type: GLenum, pboOffset: GLintptr): void",
          ),
          hit(
            "Array.flat",
            "flat<A, D extends number = 1>(this: A, depth?: D): FlatArray<A, D>[]",
            true,
          ),
          hit(
            "SubtleCrypto.digest",
            "digest(algorithm: AlgorithmIdentifier, data: BufferSource): Promise<ArrayBuffer>",
          ),
        ],
      },
    },
    {
      query:
        "Stops the server from accepting new connections and keeps existing ones; it ends when all of them are closed.",
      answer: "net.Server.close",
      model: {
        rank: 2,
        hits: [
          hit("http.Server.closeIdleConnections", "closeIdleConnections(): void"),
          hit("net.Server.close", "close(callback?: (err?: Error) => void): this", true),
          hit("http2.Http2Session.close", "close(callback?: () => void): void"),
          hit("dgram.Socket.unref", "unref(): this"),
          hit("net.Server.maxConnections", "maxConnections: number"),
        ],
      },
      bm25: {
        hits: [
          hit(
            "tls.Server.addContext",
            "addContext(hostname: string, context: SecureContextOptions | SecureContext): void",
          ),
          hit(
            "net.Server.getConnections",
            "getConnections(cb: (error: Error | null, count: number) => void): this",
          ),
          hit(
            "RTCPeerConnection.connectionState",
            "readonly connectionState: RTCPeerConnectionState",
          ),
        ],
      },
    },
    {
      query: "Writes <b>markup</b> to a document, <script>alert(1)</script> included.",
      answer: "Document.writeln",
      model: {
        rank: 13,
        hits: [
          hit("Element.innerHTML", 'innerHTML: "<img src=x onerror=alert(1)>"'),
          hit(
            "Document.execCommand",
            "execCommand(commandId: string, showUI?: boolean, value?: string): boolean",
          ),
        ],
      },
      bm25: { rank: 1, hits: [hit("Document.writeln", "writeln(...text: string[]): void", true)] },
    },
  ];
}

function hit(title: string, text: string, right = false) {
  return { title, text, right };
}
