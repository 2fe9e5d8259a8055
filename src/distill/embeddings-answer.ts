/** The answer of an embeddings service, which is not trusted. */
import { NearfoldError } from "../errors.ts";
import { isJsonObject, show } from "../models/json-file.ts";

const WIDEST = 65_536;

/**
 * The vectors of `{"data": [{"index", "embedding": […]}, …]}`, in the order of the texts, row-major.
 * @param count how many texts were asked about
 * @param at the service, for messages
 * @throws bad-input for anything else; mismatch for another number of vectors, or vectors of several widths; not-finite
 */
export function parseEmbeddings(body: string, count: number, at: string): Float32Array {
  const rows = rowsOf(body, at);
  if (rows.length !== count) {
    const [got, wanted] = [`${rows.length}`, `${count}`];
    throw new NearfoldError("mismatch", "not a vector for each text", { at, got, wanted });
  }
  let all: Float32Array | undefined;
  const seen = new Set<number>();
  for (const [place, row] of rows.entries()) {
    const { index = place, embedding } = isJsonObject(row) ? row : {};
    if (!isList(embedding) || !isIndex(index, count) || seen.has(index)) {
      throw malformed(at, show(row), "an index and an embedding, each index once");
    }
    seen.add(index);
    all ??= new Float32Array(count * embedding.length);
    const width = all.length / count;
    if (embedding.length !== width) {
      const [got, wanted] = [`${embedding.length} after ${width}`, "one width"];
      throw new NearfoldError("mismatch", "vectors of several widths", { at, got, wanted });
    }
    if (!embedding.every((x) => Number.isFinite(Math.fround(x)))) {
      throw new NearfoldError("not-finite", "a vector is not of numbers", { at });
    }
    all.set(embedding, index * width);
  }
  return all ?? new Float32Array(0);
}

function rowsOf(body: string, at: string): readonly unknown[] {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch (cause) {
    const got = show(body.slice(0, 60));
    throw new NearfoldError("bad-input", "the answer is not JSON", { at, got, cause });
  }
  if (isJsonObject(json) && Array.isArray(json.data)) return json.data;
  throw malformed(at, show(json), 'an object with "data"');
}

function isList(value: unknown): value is number[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > WIDEST) return false;
  return value.every((entry) => typeof entry === "number");
}

function isIndex(value: unknown, count: number): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) < count;
}

function malformed(at: string, got: string, wanted: string): NearfoldError {
  return new NearfoldError("bad-input", "the answer is no embeddings", { at, got, wanted });
}
