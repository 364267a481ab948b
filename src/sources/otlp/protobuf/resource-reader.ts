import { MEMORY_LIMITS } from '../../limits.ts';
import { IDENTITY_ATTRIBUTES, MAX_IDENTITY_BYTES, type Measurer, measurerOf } from '../../points/process-identity.ts';
import type { Vocabulary } from '../vocabulary.ts';
import { intText } from '../wanted-bytes.ts';
import { ByteMemory } from './byte-memory.ts';
import { readKeyValue } from './key-value.ts';
import type { WireReader } from './wire-reader.ts';

/** Most of the texts are those of a boot that is known anyway. */
const BYTES_PER_RESOURCE = 600;

/** Reads who measured, and remembers it: a process sends the same resource with every export. */
export class ResourceReader {
  readonly #vocabulary: Vocabulary;
  readonly #attributes: number;
  readonly #memory = new ByteMemory<Measurer>(MEMORY_LIMITS.maxResourceBytes, BYTES_PER_RESOURCE);

  /** @param attributes the tag of the attributes in the message that names a process: a resource's or a scope's */
  constructor(vocabulary: Vocabulary, attributes: number) {
    this.#vocabulary = vocabulary;
    this.#attributes = attributes;
  }

  /**
   * @param ranges where each of the resource's messages begins and ends: one of them, of every sender that is known.
   *   Several say the same as one with all their fields.
   */
  read(wire: WireReader, ranges: readonly number[]): Measurer {
    const [start = 0, end = 0] = ranges;
    if (ranges.length !== 2) return this.#read(wire, ranges);
    const known = this.#memory.find(wire.view, start, end);
    if (known !== undefined) return known;
    const read = this.#read(wire, ranges);
    this.#memory.remember(wire.view, start, end, read);
    return read;
  }

  #read(wire: WireReader, ranges: readonly number[]): Measurer {
    const identity: (string | undefined)[] = [];
    for (let at = 0; at < ranges.length; at += 2) {
      wire.position = ranges[at] as number;
      const end = ranges[at + 1] as number;
      while (wire.position < end) {
        const tag = wire.tag();
        if (tag === this.#attributes) this.#readAttribute(wire, identity);
        else wire.skip(tag);
      }
      wire.expectEnd(end);
    }
    this.#vocabulary.complete?.(identity);
    return measurerOf(identity);
  }

  #readAttribute(wire: WireReader, identity: (string | undefined)[]): void {
    const { keyStart, keyEnd, valueStart, valueEnd, isText } = readKeyValue(wire, wire.rangeEnd());
    const place = this.#vocabulary.identityNames.find(wire.bytes, keyStart, keyEnd);
    if (place < 0 || valueEnd - valueStart > MAX_IDENTITY_BYTES) return;
    if (isText) identity[place] = wire.text(valueStart, valueEnd);
    // Of other senders a process id may be a number.
    else if (place >= IDENTITY_ATTRIBUTES.length) identity[place] = intText(wire.bytes, valueStart, valueEnd);
  }
}
