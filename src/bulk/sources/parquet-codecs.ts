import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from "node:zlib";

type Unpack = (bytes: Uint8Array, options: { readonly maxOutputLength: number }) => Uint8Array;

const limited = (unpack: Unpack) => (bytes: Uint8Array, length: number) =>
  unpack(bytes, { maxOutputLength: Math.max(1, length) });

/** Besides those that hyparquet brings itself. */
export const compressors = {
  GZIP: limited(gunzipSync),
  BROTLI: limited(brotliDecompressSync),
  ZSTD: limited(zstdDecompressSync),
};

/** In which pages may be compressed, as Parquet names it. */
export const CODECS: readonly string[] = ["UNCOMPRESSED", "SNAPPY", ...Object.keys(compressors)];
