import type { z } from 'zod';
import type { Dyno } from '../schema/dyno.ts';
import type { EVENTS } from '../schema/events.ts';

type DynosEvent = z.output<typeof EVENTS.dynos>;

/** So that one event stays small, whatever the size of the fleet. */
const MAX_DYNOS_PER_EVENT = 500;

/** What changed of the dynos since the last look. */
export class DynoChanges {
  #known: ReadonlyMap<string, Dyno> = new Map();

  /**
   * A look at all dynos, in parts: an event for each part in which something changed, null at the end of each part, and
   * an event for those that are gone.
   */
  *look(parts: Iterable<readonly Dyno[]>): Generator<DynosEvent | null> {
    const before = this.#known;
    const now = new Map<string, Dyno>();
    for (const part of parts) {
      for (const dyno of part) now.set(nameOf(dyno), dyno);
      const changed = part.flatMap((dyno) => changeOf(before.get(nameOf(dyno)), dyno) ?? []);
      for (let at = 0; at < changed.length; at += MAX_DYNOS_PER_EVENT)
        yield { changed: changed.slice(at, at + MAX_DYNOS_PER_EVENT), gone: [] };
      yield null;
    }
    this.#known = now;
    const gone = [...before].filter(([name]) => !now.has(name)).map(([, { app, dyno }]) => ({ app, dyno }));
    if (gone.length > 0) yield { changed: [], gone };
  }
}

function changeOf(before: Dyno | undefined, dyno: Dyno): DynosEvent['changed'][number] | null {
  if (before?.boot_id !== dyno.boot_id) return dyno;
  const fields = Object.entries(dyno).filter(([field, value]) => !isSame(before[field as keyof Dyno], value));
  if (fields.length === 0) return null;
  const { app, dyno: name, process_type, boot_id } = dyno;
  return { app, dyno: name, process_type, boot_id, ...Object.fromEntries(fields) };
}

function isSame(one: unknown, other: unknown): boolean {
  if (typeof one !== 'object' || one === null) return one === other;
  return JSON.stringify(one) === JSON.stringify(other);
}

function nameOf({ app, dyno }: Dyno): string {
  return `${app ?? ''}|${dyno}`;
}
