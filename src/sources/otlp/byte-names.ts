interface Entry {
  readonly bytes: Buffer;
  readonly index: number;
}

/**
 * A fixed list of names that is searched with bytes of a message, so that no string is made for the names that are not
 * in it.
 */
export class ByteNames {
  readonly #byLength: (Entry[] | undefined)[] = [];

  constructor(names: readonly string[]) {
    names.forEach((name, index) => {
      const bytes = Buffer.from(name);
      const sameLength = this.#byLength[bytes.length] ?? [];
      sameLength.push({ bytes, index });
      this.#byLength[bytes.length] = sameLength;
    });
  }

  /** The name's place in the list, or -1. */
  find(bytes: Buffer, start: number, end: number): number {
    const candidates = this.#byLength[end - start];
    if (candidates === undefined) return -1;
    for (const { bytes: name, index } of candidates) {
      if (equals(name, bytes, start)) return index;
    }
    return -1;
  }
}

/** From the end: names of one family differ there. */
function equals(name: Buffer, bytes: Buffer, start: number): boolean {
  for (let at = name.length - 1; at >= 0; at--) {
    if (name[at] !== bytes[start + at]) return false;
  }
  return true;
}
