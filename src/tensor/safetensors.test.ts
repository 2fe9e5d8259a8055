import { mkdtemp, open, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { NearfoldError } from "../errors.ts";
import { type DType, dtypes } from "./dtype.ts";
import { toFloat32 } from "./half.ts";
import {
  openSafetensors,
  parseSafetensors,
  writeSafetensors,
  writeStreamedSafetensors,
} from "./safetensors.ts";
import { float32Parts } from "./stored-tensor.ts";
import { floats, ints, type Tensor, type TensorData, tensor, zeros } from "./tensor.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "nearfold-safetensors-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const at = (name: string) => join(folder, name);
const golden = (path: string) =>
  fileURLToPath(new URL(`../../test/goldens/${path}`, import.meta.url));
const everyDType = Object.keys(dtypes) as DType[];

/** A file of the given header and so many bytes of data. */
function file(header: unknown, dataBytes = 0): Uint8Array {
  const json = Buffer.from(typeof header === "string" ? header : JSON.stringify(header));
  const bytes = Buffer.alloc(8 + json.length + dataBytes);
  bytes.writeBigUInt64LE(BigInt(json.length));
  json.copy(bytes, 8);
  return bytes;
}

function failure(run: () => unknown): NearfoldError {
  try {
    run();
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(NearfoldError);
    return thrown as NearfoldError;
  }
  throw new Error("nothing was thrown");
}

const f32 = (shape: unknown, begin: unknown, end: unknown) => ({
  dtype: "F32",
  shape,
  data_offsets: [begin, end],
});

/** Of every dtype, with values whose bytes all differ. */
function samples(): Map<string, Tensor> {
  const bytes = Uint8Array.from({ length: 48 }, (_, i) => i * 5 + 1);
  return new Map<string, Tensor>([
    ...everyDType.map((dtype) => {
      const array = dtypes[dtype].array as new (buffer: ArrayBuffer) => TensorData<DType>;
      const data = new array(bytes.slice().buffer);
      return [`a.${dtype}`, tensor(dtype, [2, data.length / 2], data)] as const;
    }),
    ["scalar", floats([7], [])],
    ["empty", zeros("float32", [0, 3])],
    ["12", ints([12])],
    ['"é\n\\ 𝄞', ints([1])],
  ]);
}

describe("files of the reference library", () => {
  const values = [0, -0, 1, -2.5, 65504, 1e-7, Infinity, -Infinity];

  test("every dtype is read", async () => {
    await using tensors = await openSafetensors(golden("safetensors/dtypes.safetensors"));
    expect(tensors.metadata).toEqual({ format: "pt" });
    const { offset, ...what } = tensors.info("float16");
    const path = golden("safetensors/dtypes.safetensors");
    expect(what).toEqual({ name: "float16", path, dtype: "float16", shape: [2, 4] });
    const bytes = (await readFile(path)).subarray(offset, offset + 16);
    expect(parseSafetensors(await readFile(path)).tensors.get("float16")!.data).toEqual(
      new Float16Array(Uint8Array.from(bytes).buffer),
    );
    const data = async (name: string) => [...(await tensors.read(name)).data];
    expect(await data("float64")).toEqual(values);
    expect(await data("float32")).toEqual([...Float32Array.from(values)]);
    expect(await data("float16")).toEqual([...Float16Array.from(values)]);
    expect(await data("bfloat16")).toEqual([
      0, 0x8000, 0x3f80, 0xc020, 0x4780, 0x33d7, 0x7f80, 0xff80,
    ]);
    expect(await data("int8")).toEqual([-128, 0, 1, 127]);
    expect(await data("uint8")).toEqual([0, 0, 1, 255]);
    expect(await data("int16")).toEqual([-32768, 0, 1, 32767]);
    expect(await data("uint16")).toEqual([0, 0, 1, 65535]);
    expect(await data("int32")).toEqual([-(2 ** 31), 0, 1, 2 ** 31 - 1]);
    expect(await data("uint32")).toEqual([0, 0, 1, 2 ** 32 - 1]);
    expect(await data("int64")).toEqual([-(2n ** 63n), 0n, 1n, 2n ** 63n - 1n]);
    expect(await data("uint64")).toEqual([0n, 0n, 1n, 2n ** 64n - 1n]);
    expect(await tensors.read("bool")).toEqual(tensor("bool", [3, 1], Uint8Array.of(1, 0, 1)));
    expect(await tensors.read("scalar")).toEqual(floats([7], []));
    expect(await tensors.read("empty")).toEqual(zeros("float32", [0, 3]));
    expect(await data("12")).toEqual([12]);
    expect(await data('"é\n\\')).toEqual([1]);
  });

  test.each(["float64", "float32", "float16", "bfloat16"])(
    "%s is read as float32",
    async (name) => {
      await using tensors = await openSafetensors(golden("safetensors/dtypes.safetensors"));
      const { dtype, shape, data } = await tensors.readAsFloat32(name);
      expect([dtype, shape]).toEqual(["float32", [2, 4]]);
      expect(data).toBeClose(values, { rtol: 2 ** -8, atol: 2 ** -24 });
      expect(Object.is(data[1], -0)).toBe(true);
    },
  );

  test.each([
    "safetensors/dtypes.safetensors",
    "losses/mnrl.safetensors",
    "models/bert/model.safetensors",
    "models/bert/golden.safetensors",
  ])("%s is written again to the same bytes", async (path) => {
    const bytes = await readFile(golden(path));
    const { tensors, metadata } = parseSafetensors(bytes);
    await writeSafetensors(at("again"), tensors, { metadata });
    expect(bytes.equals(await readFile(at("again")))).toBe(true);
  });
});

describe("round trips", () => {
  test("every dtype, scalars, empty tensors and odd names", async () => {
    const written = samples();
    const metadata = { b: "2", a: "é" };
    await writeSafetensors(at("all"), written, { metadata });
    await using tensors = await openSafetensors(at("all"));
    expect(tensors.metadata).toEqual(metadata);
    expect([...tensors.names].sort()).toEqual([...written.keys()].sort());
    for (const [name, wanted] of written) expect(await tensors.read(name)).toEqual(wanted);
    const parsed = parseSafetensors(await readFile(at("all")));
    expect(parsed.tensors).toEqual(new Map(tensors.names.map((name) => [name, written.get(name)])));
  });

  test("the order of the map does not matter, and every tensor is aligned", async () => {
    await writeSafetensors(at("one"), samples(), { metadata: { a: "1", b: "2" } });
    const backwards = new Map([...samples()].reverse());
    await writeSafetensors(at("two"), backwards, { metadata: { b: "2", a: "1" } });
    const bytes = await readFile(at("one"));
    expect(bytes.equals(await readFile(at("two")))).toBe(true);
    const length = Number(bytes.readBigUInt64LE());
    expect(length % 8).toBe(0);
    const header = JSON.parse(bytes.toString("utf8", 8, 8 + length));
    for (const [name, { data }] of samples()) {
      expect(header[name].data_offsets[0] % data.BYTES_PER_ELEMENT).toBe(0);
    }
  });

  test("no tensors at all: upstream's sixteen bytes", async () => {
    await writeSafetensors(at("none"), new Map());
    expect(await readFile(at("none"), "latin1")).toBe("\b\0\0\0\0\0\0\0{}      ");
    expect(parseSafetensors(await readFile(at("none")))).toEqual({
      tensors: new Map(),
      metadata: {},
    });
  });

  test("a view into a larger array is written alone", async () => {
    const view = Float32Array.of(1, 2, 3, 4).subarray(1, 3);
    await writeSafetensors(at("view"), new Map([["x", floats(view)]]));
    const { tensors } = parseSafetensors(await readFile(at("view")));
    expect(tensors.get("x")).toEqual(floats([2, 3]));
  });

  test.each([
    ["a tensor named __metadata__", new Map([["__metadata__", ints([1])]]), {}],
    ["a lone surrogate in a name", new Map([["\ud800", ints([1])]]), {}],
    ["a lone surrogate in a note", new Map(), { note: "\udc00" }],
  ])("refused: %s", async (_, tensors, metadata) => {
    const work = writeSafetensors(at("refused"), tensors, { metadata });
    await expect(work).rejects.toMatchObject({ code: "bad-argument" });
    await expect(stat(at("refused"))).rejects.toThrow("ENOENT");
  });
});

describe("rows", () => {
  const rows = new Map<string, Tensor>([
    ["matrix", ints([1, 2, 3, 4, 5, 6], [3, 2])],
    ["half", tensor("float16", [3, 1], Float16Array.of(1, 2, 3))],
    ["scalar", floats([1], [])],
    ["empty", zeros("float32", [0, 2])],
  ]);
  beforeAll(() => writeSafetensors(at("rows"), rows));

  test.each([
    ["first", [0, 1], [1, 2]],
    ["last two", [1, 3], [3, 4, 5, 6]],
    ["none", [2, 2], []],
    ["all", [0, 3], [1, 2, 3, 4, 5, 6]],
  ] as const)("%s", async (_, range, wanted) => {
    await using tensors = await openSafetensors(at("rows"));
    const shape = [wanted.length / 2, 2];
    expect(await tensors.read("matrix", { rows: range })).toEqual(ints(wanted, shape));
  });

  test("converted", async () => {
    await using tensors = await openSafetensors(at("rows"));
    expect(await tensors.readAsFloat32("half", { rows: [1, 3] })).toEqual(floats([2, 3], [2, 1]));
    expect((await tensors.read("empty", { rows: [0, 0] })).shape).toEqual([0, 2]);
  });

  test.each([
    ["past the end", "matrix", [0, 4]],
    ["backwards", "matrix", [2, 1]],
    ["negative", "matrix", [-1, 1]],
    ["not whole", "matrix", [0, 1.5]],
    ["NaN", "matrix", [Number.NaN, 1]],
    ["of a scalar", "scalar", [0, 0]],
    ["of an empty tensor", "empty", [0, 1]],
  ] as const)("refused: %s", async (_, name, range) => {
    await using tensors = await openSafetensors(at("rows"));
    const work = tensors.read(name, { rows: range });
    await expect(work).rejects.toMatchObject({ code: "bad-argument" });
  });

  test("only the bytes asked for are read: a sparse file far larger than memory", async ({
    skip,
  }) => {
    const count = 2 ** 40;
    const header = file({ x: { dtype: "BF16", shape: [count, 2], data_offsets: [0, count * 4] } });
    await writeFile(at("sparse"), header);
    const failed = await truncate(at("sparse"), header.length + count * 4).catch(String);
    skip(failed !== undefined, `the file system refuses a file of 4 TiB: ${failed}`);
    await using handle = await open(at("sparse"), "r+");
    await handle.write(Uint8Array.of(0x80, 0x3f, 0, 0x40), 0, 4, header.length + (count - 1) * 4);
    await using tensors = await openSafetensors(at("sparse"));
    const got = await tensors.readAsFloat32("x", { rows: [count - 1, count] });
    expect(got).toEqual(floats([1, 2], [1, 2]));
    await expect(tensors.read("x")).rejects.toMatchObject({ code: "too-large" });
  });
});

describe("conversion in chunks", () => {
  const size = 3 * 2 ** 21 + 5;
  const words = Uint16Array.from({ length: size }, (_, i) => (i * 7919) & 0x7f7f);

  test("every element, over the borders of chunks", async () => {
    await writeSafetensors(at("long"), new Map([["x", tensor("bfloat16", [size], words)]]));
    await using tensors = await openSafetensors(at("long"));
    const { data } = await tensors.readAsFloat32("x");
    const bits = new Uint32Array(data.buffer);
    expect(bits.length).toBe(size);
    expect(bits.findIndex((word, i) => word !== words[i] << 16)).toBe(-1);
  });

  test.each<[dtype: DType, of: (wide: Float32Array) => ArrayLike<number>]>([
    ["bfloat16", () => words],
    ["float16", (wide) => Float16Array.from(wide)],
    ["float32", (wide) => wide],
    ["float64", (wide) => Float64Array.from(wide)],
  ])("part by part, %s", async (dtype, of) => {
    const { data: wide } = toFloat32(tensor("bfloat16", [size], words));
    const x = tensor(dtype, [size], of(wide) as never);
    await writeSafetensors(at("parts"), new Map([["x", x]]));
    await using tensors = await openSafetensors(at("parts"));
    const { data: whole } = await tensors.readAsFloat32("x");
    let done = 0;
    for await (const part of float32Parts(tensors.info("x"))) {
      const wanted = whole.subarray(done, done + part.length);
      expect(wanted.findIndex((value, i) => value !== part[i])).toBe(-1);
      done += part.length;
    }
    expect(done).toBe(size);
  });

  test("the peak is the result and a few megabytes", async () => {
    await using tensors = await openSafetensors(at("long"));
    const before = process.memoryUsage().arrayBuffers;
    const { data } = await tensors.readAsFloat32("x");
    // What was allocated in all, the result included: no garbage collection is waited for.
    const allocated = process.memoryUsage().arrayBuffers - before;
    expect(allocated).toBeLessThan(data.byteLength + 8 * 2 ** 20);
  });

  test.each(["int64", "bool", "uint16"] as const)("%s is refused", async (dtype) => {
    await writeSafetensors(at("whole"), new Map([["x", zeros(dtype, [1])]]));
    await using tensors = await openSafetensors(at("whole"));
    await expect(tensors.readAsFloat32("x")).rejects.toMatchObject({ code: "unsupported" });
  });
});

describe("shared memory", () => {
  test.each(["read", "readAsFloat32"] as const)(
    "%s: a worker sees the same bytes",
    async (method) => {
      await writeSafetensors(at("shared"), new Map([["x", floats([1, 2, 3])]]));
      await using tensors = await openSafetensors(at("shared"));
      const { data } = await tensors[method]("x", { shared: true });
      expect(data.buffer).toBeInstanceOf(SharedArrayBuffer);
      expect([...data]).toEqual([1, 2, 3]);
      const worker = new Worker("require('worker_threads').workerData[1] = 20", {
        eval: true,
        workerData: data,
      });
      await new Promise((resolve) => worker.once("exit", resolve));
      expect([...data]).toEqual([1, 20, 3]);
      await writeSafetensors(at("shared-again"), new Map([["x", floats(data as Float32Array)]]));
      const again = parseSafetensors(await readFile(at("shared-again")));
      expect(again.tensors.get("x")?.data).toEqual(Float32Array.of(1, 20, 3));
    },
  );
});

describe("malformed files", () => {
  const prefix = (length: bigint, rest = "{}") => {
    const bytes = Buffer.alloc(8 + rest.length);
    bytes.writeBigUInt64LE(length);
    bytes.write(rest, 8);
    return bytes;
  };
  const good = f32([2], 0, 8);

  const cases: readonly (readonly [string, Uint8Array, RegExp])[] = [
    ["no bytes", Buffer.alloc(0), /too short for safetensors \(got 0 bytes/],
    ["seven bytes", Buffer.alloc(7), /too short for safetensors \(got 7 bytes/],
    [
      "a header of 2^60 bytes",
      prefix(2n ** 60n),
      /got 1152921504606846976 bytes, wanted at most 2\)/,
    ],
    ["a header of 2^64 - 1 bytes", prefix(2n ** 64n - 1n), /got 18446744073709551615 bytes/],
    ["a header one byte past the end", prefix(3n), /got 3 bytes, wanted at most 2\)/],
    ["an empty header", prefix(0n, ""), /not JSON/],
    ["not JSON", file("{"), /not JSON/],
    ["not UTF-8", file('{"\x80": 1}').fill(0x80, 10, 12), /not JSON/],
    ["a byte order mark", file("\ufeff{}"), /not JSON/],
    ["leading space", file(" {}"), /not an object .* begins with {/],
    ["an array", file([]), /not an object/],
    ["null", file("null"), /not an object .*got null/],
    ["deep nesting", file("[".repeat(1e6)), /nested too deeply/],
    ["ten million values", file(`{"x":[${"0,".repeat(10_000_001)}0]}`), /too many values/],
    ["an entry that is a number", file({ x: 1 }), /tensor "x": the entry is malformed \(got 1/],
    ["an entry without offsets", file({ x: { dtype: "F32", shape: [] } }), /entry is malformed/],
    ["an unknown field", file({ x: { ...good, more: 1 } }, 8), /entry is malformed/],
    [
      "an unknown dtype",
      file({ x: { ...good, dtype: "F8_E4M3" } }, 8),
      /dtype is unknown \(got "F8/,
    ],
    ["a dtype of Object's", file({ x: { ...good, dtype: "constructor" } }, 8), /dtype is unknown/],
    ["a negative dimension", file({ x: f32([-2], 0, 8) }, 8), /shape is malformed \(got \[-2\]/],
    ["half a dimension", file({ x: f32([0.5], 0, 2) }, 2), /shape is malformed/],
    ["a dimension past 2^53", file({ x: f32([2 ** 60], 0, 8) }, 8), /shape is malformed/],
    ["a shape that is text", file({ x: f32("2", 0, 8) }, 8), /shape is malformed/],
    ["a product past 2^53", file({ x: f32([2 ** 40, 2 ** 40, 0], 0, 0) }), /shape is too large/],
    ["a negative offset", file({ x: f32([2], -8, 0) }, 8), /data_offsets is malformed/],
    [
      "three offsets",
      file({ x: { ...good, data_offsets: [0, 8, 8] } }, 8),
      /data_offsets is malformed/,
    ],
    ["offsets backwards", file({ x: f32([2], 8, 0) }, 8), /do not fit the shape \(got -8 bytes/],
    [
      "a product that disagrees",
      file({ x: f32([3], 0, 8) }, 8),
      /got 8 bytes, wanted 12 for F32 \[3\]/,
    ],
    ["the file cut short", file({ x: good }, 7), /another size .*got 7 bytes, wanted 8\)/],
    ["bytes left over", file({ x: good }, 9), /another size .*got 9 bytes, wanted 8\)/],
    ["bytes and no tensors", file({}, 1), /another size .*got 1 bytes, wanted 0\)/],
    [
      "a hole in front",
      file({ x: f32([1], 4, 8) }, 8),
      /a hole before it \(got offset 4, wanted offset 0/,
    ],
    ["a hole between", file({ x: f32([1], 0, 4), y: f32([1], 8, 12) }, 12), /"y": there is a hole/],
    ["an overlap", file({ x: good, y: f32([1], 4, 8) }, 8), /"y": the data overlaps another's/],
    ["two tensors on one range", file({ x: good, y: good }, 8), /overlaps/],
    [
      "a name twice",
      file(`{"x":${JSON.stringify(good)},"x":${JSON.stringify(good)}}`, 8),
      /occurs twice/,
    ],
    [
      "a field twice",
      file('{"x":{"dtype":"F32","dtype":"F32","shape":[],"data_offsets":[0,4]}}', 4),
      /twice/,
    ],
    ["the same name by an escape", file('{"x":1,"\\u0078":1}'), /occurs twice/],
    ["metadata that is not an object", file({ __metadata__: "x" }), /__metadata__ is malformed/],
    ["metadata of numbers", file({ __metadata__: { x: 1 } }), /__metadata__ is malformed/],
  ];

  test.each(cases)("%s", async (_, bytes, message) => {
    const error = failure(() => parseSafetensors(bytes, { at: "body" }));
    expect(error.message).toMatch(message);
    expect(error.message).toMatch(/^body: /);
    expect(error.message.length).toBeLessThan(400);
    expect(error.code).toBe("bad-input");
    await writeFile(at("bad"), bytes);
    await expect(openSafetensors(at("bad"))).rejects.toThrow(
      error.message.replace(/^body/, at("bad")),
    );
  });

  test("names like Object's own are names", () => {
    const header = '{"__proto__":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}';
    const { tensors } = parseSafetensors(file(header, 1));
    expect(tensors.get("__proto__")).toEqual(tensor("uint8", [1], Uint8Array.of(0)));
    expect(tensors.has("constructor")).toBe(false);
  });

  test("one byte changed, removed or added: an error of ours or a valid file", () => {
    const bytes = file({ a: f32([2, 1], 0, 8), b: f32([], 8, 12) }, 12);
    const edit = fc.record({
      at: fc.nat(bytes.length - 1),
      remove: fc.nat(2),
      insert: fc.uint8Array({ maxLength: 2 }),
    });
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 3 }), (edits) => {
        let mutated = [...bytes];
        for (const { at, remove, insert } of edits)
          mutated = mutated.toSpliced(at, remove, ...insert);
        try {
          const { tensors } = parseSafetensors(Uint8Array.from(mutated));
          for (const { shape, data } of tensors.values()) {
            expect(data.length).toBe(shape.reduce((a, b) => a * b, 1));
          }
        } catch (error) {
          if (!(error instanceof NearfoldError && error.code === "bad-input")) throw error;
        }
      }),
      { numRuns: 2000 },
    );
  });

  test("any header of JSON", () => {
    const value = fc.jsonValue({ maxDepth: 2 });
    const entry = fc.record({
      dtype: fc.oneof(fc.constantFrom("F32", "U8", "I64"), value),
      shape: fc.oneof(fc.array(fc.oneof(fc.nat(3), fc.double())), value),
      data_offsets: fc.oneof(fc.tuple(fc.nat(9), fc.nat(9)), value),
    });
    const header = fc.dictionary(fc.string(), fc.oneof(entry, value));
    fc.assert(
      fc.property(header, fc.nat(16), (fields, dataBytes) => {
        try {
          parseSafetensors(file(fields, dataBytes));
        } catch (error) {
          if (!(error instanceof NearfoldError && error.code === "bad-input")) throw error;
        }
      }),
      { numRuns: 1000 },
    );
  });
});

describe("opening", () => {
  test("a file that is not there", async () => {
    await expect(openSafetensors(at("absent"))).rejects.toMatchObject({
      code: "not-found",
      message: `${at("absent")}: cannot read: no such file or folder`,
    });
  });

  test.each([
    ["a folder", () => folder],
    ["a device", () => "/dev/null"],
  ])("%s", async (_, path) => {
    await expect(openSafetensors(path())).rejects.toThrow("this is not a file");
  });

  test("a tensor that is not there", async () => {
    await using tensors = await openSafetensors(golden("losses/mnrl.safetensors"));
    expect(tensors.has("loss")).toBe(true);
    expect(tensors.has("toString")).toBe(false);
    expect(failure(() => tensors.info("absent")).message).toContain('no such tensor (got "absent"');
    await expect(tensors.read("absent")).rejects.toMatchObject({ code: "not-found" });
  });

  test("a file cut short after it was opened", async () => {
    await writeSafetensors(at("cut"), new Map([["x", zeros("float32", [100])]]));
    await using tensors = await openSafetensors(at("cut"));
    await truncate(at("cut"), 200);
    await expect(tensors.read("x")).rejects.toThrow(/ends too early \(got 200 bytes/);
  });
});

describe("a tensor whose data comes in parts", () => {
  const data = Float32Array.from({ length: 12 }, (_, i) => i / 7);
  const layout = { name: "vectors", dtype: "float32", shape: [4, 3] } as const;
  const bytes = new Uint8Array(data.buffer);
  async function* parts(...ends: readonly number[]) {
    let start = 0;
    for (const end of ends) {
      yield bytes.subarray(start, end);
      start = end;
    }
  }

  test("is the file that it is in one", async () => {
    const options = { metadata: { ids: "[]" } };
    await writeSafetensors(at("whole"), new Map([["vectors", floats(data, [4, 3])]]), options);
    await writeStreamedSafetensors(at("parts"), layout, parts(5, 5, 40, 48), options);
    expect(await readFile(at("parts"))).toEqual(await readFile(at("whole")));
  });

  test.each([[[40]], [[30, 48]]])("of another size than its shape is refused: %j", async (ends) => {
    const writing = writeStreamedSafetensors(
      at("short"),
      { ...layout, shape: [5, 3] },
      parts(...ends),
    );
    await expect(writing).rejects.toThrow(
      /the data is not of the shape \(got \d+ bytes, wanted 60\)/,
    );
    await expect(stat(at("short"))).rejects.toThrow("ENOENT");
  });
});
