/**
 * As much of WebAssembly's binary format as a loop over vectors takes: an instruction is a function from the code of its operands to its own.
 * Source: WebAssembly specification 3.0, chapter 5 (binary format), with relaxed SIMD.
 */

/** Bytes of instructions, or of a part of a module. */
export type Code = readonly number[];

const bytesOf = (parts: readonly Code[]): number[] => parts.flat();

/** LEB128, unsigned. */
function unsigned(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...unsigned(value >>> 7)];
}

/** LEB128, signed. */
function signed(value: number): number[] {
  const rest = value >> 7;
  const sign = value & 64;
  return (rest === 0 && !sign) || (rest === -1 && sign)
    ? [value & 127]
    : [(value & 127) | 128, ...signed(rest)];
}

const op =
  (code: number) =>
  (...operands: readonly Code[]): Code => [...bytesOf(operands), code];
const simd =
  (code: number, ...immediates: readonly number[]) =>
  (...operands: readonly Code[]): Code => [
    ...bytesOf(operands),
    0xfd,
    ...unsigned(code),
    ...immediates,
  ];
/** Reads or writes at an address plus so many bytes, aligned to nothing. */
const memory =
  (...code: readonly number[]) =>
  (offset: number, ...operands: readonly Code[]): Code => [
    ...bytesOf(operands),
    ...code,
    0,
    ...unsigned(offset),
  ];

export const get = (local: number): Code => [0x20, ...unsigned(local)];
export const set = (local: number, value: Code): Code => [...value, 0x21, ...unsigned(local)];

export const i32 = {
  const: (value: number): Code => [0x41, ...signed(value)],
  add: op(0x6a),
  mul: op(0x6c),
  and: op(0x71),
  lessThan: op(0x48),
  atLeast: op(0x4e),
  store: memory(0x36),
};

export const f32 = { add: op(0x92), store: memory(0x38) };

export const v128 = {
  /** 16 bytes. */
  const: (...bytes: readonly number[]): Code => simd(0x0c, ...bytes)(),
  load: memory(0xfd, 0x00),
  /** A float into the first lane, zeros into the others. */
  loadFirst: memory(0xfd, 0x5c),
  /** One number of 32 bits in every lane. */
  loadEach: memory(0xfd, 0x09),
  and: simd(0x4e),
  xor: simd(0x51),
};

export const i8x16 = {
  /** Bytes of a value, by their places in it. */
  take: (places: readonly number[], value: Code): Code =>
    simd(0x0d, ...places)([...value, ...value]),
  /** The less of two bytes without sign. */
  least: simd(0x77),
};

export const i16x8 = {
  /** Sums of two neighbouring products of signed bytes with bytes of 0 to 127: what does not fit into 16 bits is not defined. */
  dotBytes: simd(0x112),
};

export const i32x4 = {
  add: simd(0xae),
  lessThan: simd(0x39),
  allTrue: simd(0xa3),
  /** Sums of two neighbouring products of 16 bits. */
  dot: simd(0xba),
  lane: (lane: number, value: Code): Code => simd(0x1b, lane)(value),
};

export const f32x4 = {
  lessThan: simd(0x43),
  atLeast: simd(0x46),
  /** `a · b + c`, rounded once or twice as the processor has it. */
  multiplyAdd: simd(0x105),
  lane: (lane: number, value: Code): Code => simd(0x1f, lane)(value),
};

/** Reads a value for nothing but the reading. */
export const drop = op(0x1a);

/** The first value where the condition holds, the second where not. */
export const select = op(0x1b);

export function loopWhile(condition: Code, body: Code): Code {
  const leave = [...condition, 0x45, 0x0d, 1];
  return [0x02, 0x40, 0x03, 0x40, ...leave, ...body, 0x0c, 0, 0x0b, 0x0b];
}

/** A function of whole numbers that gives nothing back. */
export interface Program {
  readonly name: string;
  /** Locals of each type follow the parameters, in this order. */
  readonly i32s: number;
  readonly v128s: number;
  readonly body: Code;
}

/** A module that exports programs of so many parameters each, and takes its memory as `host.memory`. */
export function assemble(params: number, programs: readonly Program[]): Uint8Array<ArrayBuffer> {
  const type = [0x60, ...unsigned(params), ...new Array(params).fill(0x7f), 0];
  const exported = ({ name }: Program, at: number) => [...text(name), 0, ...unsigned(at)];
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [type]),
    ...section(2, [[...text("host"), ...text("memory"), 2, 0, 1]]),
    ...section(
      3,
      programs.map(() => [0]),
    ),
    ...section(7, programs.map(exported)),
    ...section(10, programs.map(functionOf)),
  ]);
}

function functionOf({ i32s, v128s, body }: Program): Code {
  const locals = [2, ...unsigned(i32s), 0x7f, ...unsigned(v128s), 0x7b];
  return sized([...locals, ...body, 0x0b]);
}

function section(id: number, entries: readonly Code[]): Code {
  return [id, ...sized([...unsigned(entries.length), ...bytesOf(entries)])];
}

const sized = (bytes: Code): Code => [...unsigned(bytes.length), ...bytes];
const text = (value: string): Code => sized([...new TextEncoder().encode(value)]);
