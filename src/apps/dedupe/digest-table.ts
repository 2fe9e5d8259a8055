/** Which text was seen before: 128 bits of each distinct one, in an open hash table of typed arrays. */
import { hash } from "node:crypto";

const WORDS = 4;
const FIRST_SLOTS = 2 ** 12;

/**
 * Numbers of distinct texts in the order in which they came. Texts of one number share 128 bits of SHA-256: no two others do. 24 to 48 bytes a distinct text,
 * however long it is.
 */
export class DigestTable {
  #digests = new Uint32Array(WORDS * FIRST_SLOTS);
  #slots = new Int32Array(2 * FIRST_SLOTS).fill(-1);
  #count = 0;

  /** Distinct texts so far. */
  get count(): number {
    return this.#count;
  }

  /** The number of a text; it is `count` as it was before where the text is new. */
  numberOf(text: string): number {
    const bytes = hash("sha256", text, "buffer");
    const digest = new Uint32Array(WORDS);
    for (let i = 0; i < WORDS; i++) digest[i] = bytes.readUInt32LE(4 * i);
    const slot = this.#find(digest);
    const found = this.#slots[slot];
    if (found >= 0) return found;
    if (WORDS * this.#count === this.#digests.length) this.#grow();
    this.#digests.set(digest, WORDS * this.#count);
    this.#slots[this.#find(digest)] = this.#count;
    return this.#count++;
  }

  #find(digest: Uint32Array): number {
    const mask = this.#slots.length - 1;
    let slot = digest[0] & mask;
    while (this.#slots[slot] >= 0 && !this.#holds(this.#slots[slot], digest)) {
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  #holds(number: number, digest: Uint32Array): boolean {
    for (let i = 0; i < WORDS; i++) {
      if (this.#digests[WORDS * number + i] !== digest[i]) return false;
    }
    return true;
  }

  #grow(): void {
    const digests = new Uint32Array(2 * this.#digests.length);
    digests.set(this.#digests);
    this.#digests = digests;
    this.#slots = new Int32Array(2 * this.#slots.length).fill(-1);
    for (let number = 0; number < this.#count; number++) {
      this.#slots[this.#find(digests.subarray(WORDS * number, WORDS * (number + 1)))] = number;
    }
  }
}
