/** Files within a zip archive that lies beside the project. */
import { readFile } from "node:fs/promises";
import { inflateRawSync } from "node:zlib";

const CENTRAL = 0x02014b50;
const END = 0x06054b50;

/** The texts of an archive by name, each unpacked when it is asked for (APPNOTE.TXT 4.3; no zip64, no encryption). */
export async function readZip(path: string): Promise<ReadonlyMap<string, () => string>> {
  const bytes = await readFile(path);
  const files = new Map<string, () => string>();
  const end = bytes.lastIndexOf(Buffer.from(Uint32Array.of(END).buffer));
  let at = bytes.readUInt32LE(end + 16);
  while (at < end && bytes.readUInt32LE(at) === CENTRAL) {
    const [method, packed] = [bytes.readUInt16LE(at + 10), bytes.readUInt32LE(at + 20)];
    const lengths = [28, 30, 32].map((field) => bytes.readUInt16LE(at + field));
    const local = bytes.readUInt32LE(at + 42);
    const name = bytes.toString("utf8", at + 46, at + 46 + lengths[0]);
    files.set(name, () => {
      const start = local + 30 + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28);
      const data = bytes.subarray(start, start + packed);
      return (method === 0 ? data : inflateRawSync(data)).toString("utf8");
    });
    at += 46 + lengths[0] + lengths[1] + lengths[2];
  }
  return files;
}
