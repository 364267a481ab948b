import type { JobFigure, JobLabels } from '../../../model/job-point.ts';
import { ATTR_MEMORY_STATE } from '../../../semconv.ts';
import { SeriesId } from '../../points/series-id.ts';
import { ByteNames } from '../byte-names.ts';
import { JOB_ATTRIBUTES, labelEnd, labelsOf } from '../jobs/job-metrics.ts';
import type { Selector } from '../wanted-metrics.ts';
import { ByteMemory } from './byte-memory.ts';
import { readKeyValue } from './key-value.ts';
import type { WireReader } from './wire-reader.ts';

/** The attributes of data points that are read. */
const READ_ATTRIBUTES: readonly string[] = [...JOB_ATTRIBUTES, ATTR_MEMORY_STATE];
const NAMES = new ByteNames(READ_ATTRIBUTES);

/** The same few sets come from all processes of a target. */
const MAX_REMEMBERED_BYTES = 2 * 1024 ** 2;
/** With four texts of at most 256 bytes, which V8 may keep with two bytes a character. */
const BYTES_PER_SET = 1024;

/** What the attributes of one data point say. */
export class AttributeSet {
  /** What all of them come to (`SeriesId`). */
  readonly seriesId: number;
  /** In the order of `READ_ATTRIBUTES`; null: it is no text; undefined: it is not there. */
  readonly #texts: readonly (string | null | undefined)[];
  /** Of the figures of a queue, and of those of a job name. */
  readonly #labels: (JobLabels | null | undefined)[] = [undefined, undefined];

  constructor(seriesId: number, texts: readonly (string | null | undefined)[]) {
    this.seriesId = seriesId;
    this.#texts = texts;
  }

  /** The field that a selector chooses. */
  fieldOf(selector: Selector): number {
    const text = this.#texts[READ_ATTRIBUTES.indexOf(selector.attribute)];
    return text === undefined ? selector.withoutIt : (selector.fields.get(text ?? '') ?? -1);
  }

  /** The same object for all series that these are the attributes of. */
  labels(figure: JobFigure): JobLabels | null {
    const place = figure === 'active' || figure === 'held' ? 0 : 1;
    let labels = this.#labels[place];
    if (labels === undefined) {
      labels = labelsOf(figure, this.#texts);
      this.#labels[place] = labels;
    }
    return labels;
  }
}

const NO_ATTRIBUTES = new AttributeSet(new SeriesId().value(), []);

/** Where the attributes of a data point lie in the bytes: its fields with the tag `tag`, mostly nothing but them. */
export interface AttributeRange {
  readonly tag: number;
  /** Both 0 where there are none. */
  readonly start: number;
  readonly end: number;
  /** Whether other fields lie between them. */
  readonly isMixed: boolean;
}

/** Reads the attributes of data points, and remembers what they said. */
export class AttributeSets {
  readonly #memory = new ByteMemory<AttributeSet>(MAX_REMEMBERED_BYTES, BYTES_PER_SET);

  read(wire: WireReader, { tag, start, end, isMixed }: AttributeRange): AttributeSet {
    if (start === end) return NO_ATTRIBUTES;
    if (isMixed) return readSet(wire, { tag, start, end });
    const known = this.#memory.find(wire.view, start, end);
    if (known !== undefined) return known;
    const read = readSet(wire, { tag, start, end });
    this.#memory.remember(wire.view, start, end, read);
    return read;
  }
}

/** Leaves the cursor where it was. */
function readSet(wire: WireReader, { tag, start, end }: Omit<AttributeRange, 'isMixed'>): AttributeSet {
  const series = new SeriesId();
  const texts: (string | null | undefined)[] = [];
  const { position } = wire;
  wire.position = start;
  while (wire.position < end) {
    const found = wire.tag();
    if (found === tag) readAttribute(wire, wire.rangeEnd(), { series, texts });
    else wire.skip(found);
  }
  wire.position = position;
  return new AttributeSet(series.value(), texts);
}

interface Draft {
  readonly series: SeriesId;
  readonly texts: (string | null | undefined)[];
}

/** Adds a KeyValue to the set. */
function readAttribute(wire: WireReader, end: number, { series, texts }: Draft): void {
  const range = readKeyValue(wire, end);
  series.add(wire.bytes, range);
  const place = NAMES.find(wire.bytes, range.keyStart, range.keyEnd);
  if (place < 0) return;
  const { isText, valueStart, valueEnd } = range;
  texts[place] = isText ? wire.text(valueStart, labelEnd(wire.bytes, valueStart, valueEnd)) : null;
}
