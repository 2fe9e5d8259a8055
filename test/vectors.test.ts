/** The contract of a way to keep vectors: every entry of the registry passes all of it. And what sentence-transformers makes of the same. */
import { describe, expect, it } from "vitest";
import { sequence } from "../src/graph/rng.ts";
import { unitRows } from "../src/tensor/rows.ts";
import {
  bytesPerVector,
  calibrate,
  dequantize,
  hamming,
  type Quantized,
  quantize,
  type VectorKind,
  type VectorType,
  vectorKinds,
} from "../src/vectors/index.ts";
import { goldenJson } from "./golden.ts";

const random = (length: number, seed: number) => {
  const next = sequence(seed);
  return Float32Array.from({ length }, () => 2 * next() - 0.8);
};
/** Unit vectors with a common mean: 37 dimensions fill no byte and no word. */
const [ROWS, DIMS] = [203, 37];
const rows = unitRows(random(ROWS * DIMS, 1), DIMS);
const queries = unitRows(random(5 * DIMS, 2), DIMS);
const row = (of: Float32Array, i: number, dims = DIMS) => of.subarray(i * dims, (i + 1) * dims);
const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, x, i) => sum + x * b[i], 0);

describe.each(Object.entries(vectorKinds))("vectors as %s", (name, kind) => {
  const format = { type: name as VectorType, dims: DIMS };
  const make = (sample: Float32Array = rows, vectors: Float32Array = rows): Quantized =>
    quantize(calibrate(format, sample, { similarity: "cosine" }), vectors);

  it("takes the bytes it says", () => {
    expect(make().codes.length).toBe(ROWS * bytesPerVector(format));
    expect(make(rows, new Float32Array(0)).codes).toHaveLength(0);
  });

  it("stands for vectors near those that were put in", () => {
    const back = dequantize(make());
    const cosines = Array.from({ length: ROWS }, (_, i) => {
      const other = row(back, i);
      return dot(row(rows, i), other) / Math.hypot(...other);
    });
    const least = { float32: 1 - 1e-6, int8: 0.9998, binary: 0.75 }[format.type];
    expect(Math.min(...cosines)).toBeGreaterThan(least);
  });

  it.each([
    [0, 0],
    [0, 1],
    [3, 5],
    [7, 196],
    [0, ROWS],
  ])("multiplies a query with what %i and %i rows stand for", (first, count) => {
    const made = make();
    const back = dequantize(made);
    const out = new Float64Array(count);
    const query = row(queries, 0);
    kind.products(query, made.quantizer)(made.codes, first, count, out);
    const wanted = Array.from(out, (_, i) => dot(query, row(back, first + i)));
    expect(out).toBeClose(wanted, { atol: 1e-6 });
    if (!("lengths" in kind)) return;
    kind.lengths(made.quantizer)(made.codes, first, count, out);
    const lengths = Array.from(out, (_, i) => Math.hypot(...row(back, first + i)));
    expect(out).toBeClose(lengths, { rtol: 1e-6 });
  });

  it("goes over all rows and passes over none that is good enough", () => {
    const { scan, rough }: VectorKind = kind;
    if (!scan) return;
    const made = make();
    const exact = new Float64Array(5 * ROWS);
    kind.products(queries, made.quantizer)(made.codes, 0, ROWS, exact);
    if (name === "binary" && "lengths" in kind) {
      const lengths = new Float64Array(ROWS);
      kind.lengths(made.quantizer)(made.codes, 0, ROWS, lengths);
      for (let at = 0; at < exact.length; at++) exact[at] /= lengths[at % ROWS];
    }
    const { next, score } = scan(queries, made.quantizer)(made.codes, 0, ROWS);
    const scores = Array.from(exact, (_, at) => score(Math.floor(at / ROWS), at % ROWS));
    // Where a query is rounded, by no more than its step.
    expect(scores).toBeClose(exact, { atol: rough ? 0.01 : 0 });
    if (rough) expect(scores).not.toEqual([...exact]);
    for (let query = 0; query < 5; query++) {
      const own = scores.slice(query * ROWS, (query + 1) * ROWS);
      for (const least of [...own.slice(0, 20), -2, 0, 0.3, Number.NEGATIVE_INFINITY]) {
        const looked = [];
        for (let i = next(query, 0, least); i < ROWS; i = next(query, i + 1, least)) looked.push(i);
        const good = [...own.keys()].filter((i) => own[i] >= least);
        expect(looked).toEqual(expect.arrayContaining(good));
        expect(looked.length).toBeLessThanOrEqual(good.length + (rough ? 3 : 0));
      }
      expect(next(query, 0, 2)).toBe(ROWS);
    }
  });

  it("gives rows the same codes whatever they are put in with", () => {
    const made = make();
    const alone = quantize(made.quantizer, row(rows, 9));
    const size = bytesPerVector(format);
    expect(alone.codes).toEqual(made.codes.slice(9 * size, 10 * size));
  });

  it("takes leading dimensions, of unit length again", () => {
    const short = { ...format, dims: 16 };
    const width = { similarity: "cosine", width: DIMS } as const;
    const cut = unitRows(
      Float32Array.from(
        { length: ROWS * 16 },
        (_, i) => rows[Math.floor(i / 16) * DIMS + (i % 16)],
      ),
      16,
    );
    const made = quantize(calibrate(short, rows, width), rows, { width: DIMS });
    const wanted = quantize(calibrate(short, cut, { similarity: "cosine" }), cut);
    expect(made).toEqual(wanted);
  });

  it.each([
    ["one vector", row(rows, 0)],
    ["one vector twice", Float32Array.from([...row(rows, 0), ...row(rows, 0)])],
  ])("calibrated on %s it still tells others apart", (_, sample) => {
    const made = make(sample);
    const found = new Float64Array(ROWS);
    kind.products(row(rows, 5), made.quantizer)(made.codes, 0, ROWS, found);
    expect(found.every(Number.isFinite)).toBe(true);
    expect(new Set(found).size).toBeGreaterThan(ROWS / 2);
  });

  it("keeps zero vectors finite", () => {
    const made = make(new Float32Array(3 * DIMS), new Float32Array(2 * DIMS));
    expect(dequantize(made)).toEqual(new Float32Array(2 * DIMS));
  });

  it("refuses rows that are too short, and a sample of none where it needs one", () => {
    const width = { similarity: "cosine", width: DIMS - 1 } as const;
    expect(() => calibrate(format, rows, width)).toThrow("do not fit the format");
    const empty = () => calibrate(format, new Float32Array(0), { similarity: "cosine" });
    if (format.type === "float32") expect(empty).not.toThrow();
    else expect(empty).toThrow(`nothing to calibrate ${format.type} on`);
  });
});

interface Golden {
  readonly dims: number;
  readonly documents: readonly number[];
  readonly queries: readonly number[];
  readonly ranges: readonly [readonly number[], readonly number[]];
  readonly int8: readonly number[];
  readonly int8_scores: readonly number[];
  readonly ubinary: readonly number[];
  readonly hamming: readonly number[];
  readonly binary_scores: readonly number[];
}

describe("what sentence-transformers makes of the same vectors", () => {
  const golden = goldenJson<Golden>("vectors/quantized");
  const { dims } = golden;
  const documents = Float32Array.from(golden.documents);
  const asked = Float32Array.from(golden.queries);
  const count = documents.length / dims;
  const flat = { similarity: "cosine", format: { type: "int8", dims } } as const;
  const scoresOf = (score: (query: Float32Array, out: Float64Array) => void) =>
    Array.from({ length: asked.length / dims }, (_, i) => {
      const out = new Float64Array(count);
      score(row(asked, i, dims), out);
      return [...out];
    }).flat();

  /** Its ranges as offset and scale: codes from -128 on stand for the lower ends of their steps. */
  const [low, high] = golden.ranges;
  const scale = Float32Array.from(low, (x, d) => (high[d] - x) / 255);
  const offset = Float32Array.from(low, (x, d) => x + 128 * scale[d]);

  it("int8: codes that are its own, rounded down, differ from ours by one step at most", () => {
    const middle = offset.map((x, d) => x + scale[d] / 2);
    const { codes } = quantize({ ...flat, offset: middle, scale }, documents);
    const ours = new Int8Array(codes.buffer);
    const steps = golden.int8.map((code, i) => Math.abs(Math.max(code, -127) - ours[i]));
    expect(Math.max(...steps)).toBeLessThanOrEqual(1);
    expect(steps.filter((step) => step > 0).length).toBeLessThan(0.02 * steps.length);
  });

  it("int8: its codes give its scores", () => {
    const codes = new Uint8Array(Int8Array.from(golden.int8).buffer);
    const scores = scoresOf((query, out) => {
      vectorKinds.int8.products(query, { ...flat, offset, scale })(codes, 0, count, out);
    });
    expect(scores).toBeClose(golden.int8_scores, { atol: 1e-6 });
  });

  const signs = {
    similarity: "cosine",
    format: { type: "binary", dims },
    offset: new Float32Array(dims),
    scale: new Float32Array(dims).fill(1),
  } as const;
  const { codes } = quantize(signs, documents);

  it("binary: with thresholds of 0 the bytes are its own, padded to a word", () => {
    const size = bytesPerVector(signs.format);
    const bytes = Math.ceil(dims / 8);
    expect([...codes].filter((_, i) => i % size < bytes)).toEqual(golden.ubinary);
    expect([...codes].filter((_, i) => i % size >= bytes).every((byte) => byte === 0)).toBe(true);
  });

  it("binary: the Hamming distance is its own", () => {
    const distances = scoresOf((query, out) => {
      hamming(quantize(signs, query).codes)(codes, 0, count, out);
    });
    expect(distances).toEqual(golden.hamming);
  });

  it("binary: a float query has its scores, where bits stand for 0 and 1", () => {
    const halves = {
      ...signs,
      offset: signs.scale.map(() => 0.5),
      scale: signs.scale.map(() => 0.5),
    };
    const scores = scoresOf((query, out) => {
      vectorKinds.binary.products(query, halves)(codes, 0, count, out);
    });
    expect(scores).toBeClose(golden.binary_scores, { atol: 1e-6 });
  });
});
