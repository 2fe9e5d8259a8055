/** Documents into an index: what is there with the same text is left alone. */
import { type Document, readDocuments } from "../data/index.ts";
import type { Encoder } from "../encoder/index.ts";
import { throwIfAborted } from "../errors.ts";
import { schemeOf, type VectorStore } from "../stores/index.ts";
import { bytesPerVector, formatScheme } from "../vectors/index.ts";
import type { Context, Outcome } from "./command.ts";
import { trackTask } from "./progress.ts";
import type { Calibration } from "./vector-format.ts";

/** What is known of a file before its first vector. */
export interface Counted {
  readonly documents: number;
  readonly skipped: number;
  /** Drawn from all over the file. */
  readonly sample: readonly Document[];
}

export interface Work {
  readonly path: string;
  readonly dims: number;
  readonly counted: Counted;
  readonly out: string;
  readonly skipBad: boolean;
  /** Of an index that begins with this run, in a format that was asked for. */
  readonly calibration: Calibration | undefined;
}

/** Documents between two commits of the index. */
const CHUNK = 1024;

/** Encodes what is new or changed, part by part, and says what the index then holds. @throws aborted */
export async function fill(
  store: VectorStore,
  encoder: Encoder,
  { path, dims, counted, out, skipBad, calibration }: Work,
  context: Context,
): Promise<Outcome> {
  const { report, signal, now } = context;
  const { documents, skipped } = counted;
  const before = await store.count();
  const advance = trackTask(report, { task: "indexing", unit: "documents", total: documents }, now);
  let [done, encoded, truncated] = [0, 0, 0];
  for await (const part of chunks(readDocuments(path, skipBad ? { onBad: () => {} } : {}))) {
    throwIfAborted(signal, `indexing, at document ${done} of ${documents};`);
    const kept = await store.get(part.map(({ id }) => id));
    const fresh = part.filter(({ text }, i) => kept[i]?.payload?.text !== text);
    if (fresh.length > 0) {
      const made = await encodeFresh(encoder, fresh, { dims, calibration, signal });
      const ids = fresh.map(({ id }) => id);
      await store.upsert(ids, made.vectors, { payloads: fresh.map(({ text }) => ({ text })) });
      calibration?.probe.add(ids, made.vectors);
      encoded += fresh.length;
      truncated += made.truncated;
    }
    done += part.length;
    advance(done);
  }
  const count = await store.count();
  const recall = calibration && (await measureRecall(store, calibration, context));
  const cut = truncated > 0 ? [`${truncated} were longer than the model reads and cut`] : [];
  const old = before > 0 ? [`${documents - encoded} were there already`] : [];
  const vectors = describeVectors(store, recall);
  return {
    json: {
      ...{ out, documents: count, encoded, truncated, skipped, dims },
      ...vectors?.json,
      ...(calibration && { warnings: calibration.warnings }),
    },
    text: [
      [`${out} holds ${count} documents, ${encoded} of them new`, ...old, ...cut].join("; "),
      ...(vectors ? [vectors.text] : []),
      `Next: nearfold search ${out} "what you look for"`,
    ].join("\n"),
  };
}

async function measureRecall(
  store: VectorStore,
  { probe }: Calibration,
  { report, now }: Pick<Context, "report" | "now">,
): Promise<number> {
  const task = { task: "measuring recall", unit: "queries", total: probe.queries } as const;
  return await probe.measure(store, trackTask(report, task, now));
}

/** Undefined for vectors that are kept as they are. */
function describeVectors({ kept, space: { dims } }: VectorStore, recall: number | undefined) {
  const { search, rescore } = schemeOf(kept);
  const scheme = formatScheme(schemeOf(kept), dims);
  if (scheme === "float32") return undefined;
  const bytes = bytesPerVector(search) + (rescore ? bytesPerVector(rescore) : 0);
  const found = recall === undefined ? "" : `; recall@10 against float32 is ${recall.toFixed(3)}`;
  return {
    json: { vectors: scheme, bytesPerVector: bytes, ...(recall !== undefined && { recall }) },
    text: `Vectors are kept as ${scheme}, ${bytes} bytes each${found}`,
  };
}

/** Vectors `[N, dims]` of documents; those of the sample are made already. */
async function encodeFresh(
  encoder: Encoder,
  fresh: readonly Document[],
  { dims, calibration, signal }: Pick<Work, "dims" | "calibration"> & Pick<Context, "signal">,
) {
  const rest = fresh.filter(({ id }) => !calibration?.made.has(id));
  const texts = rest.map(({ text }) => text);
  const encoded = await encoder.encode(texts, { role: "document", dims, signal });
  if (!calibration || rest.length === fresh.length) {
    return { vectors: encoded.vectors, truncated: encoded.truncated.length };
  }
  const vectors = new Float32Array(fresh.length * dims);
  let [next, truncated] = [0, encoded.truncated.length];
  fresh.forEach(({ id }, i) => {
    const made = calibration.made.get(id);
    const row = made ?? encoded.vectors.subarray(next * dims, ++next * dims);
    vectors.set(row, i * dims);
    if (calibration.truncated.has(id)) truncated++;
  });
  return { vectors, truncated };
}

async function* chunks(rows: AsyncIterable<Document>): AsyncGenerator<readonly Document[]> {
  let part: Document[] = [];
  for await (const row of rows) {
    part.push(row);
    if (part.length < CHUNK) continue;
    yield part;
    part = [];
  }
  if (part.length > 0) yield part;
}
