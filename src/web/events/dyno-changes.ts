import type { z } from 'zod';
import type { Dyno } from '../schema/dyno.ts';
import type { EVENTS } from '../schema/events.ts';

type DynosEvent = z.output<typeof EVENTS.dynos>;

/** So that one event stays small, whatever the size of the fleet. */
const MAX_DYNOS_PER_EVENT = 500;

/** What changed of the dynos since the last look. */
export class DynoChanges {
  #known = new Map<string, Dyno>();

  /** Takes the dynos as they are for known. */
  rebase(dynos: readonly Dyno[]): void {
    this.#known = byName(dynos);
  }

  /** Empty where nothing changed. */
  look(dynos: readonly Dyno[]): readonly DynosEvent[] {
    const before = this.#known;
    this.#known = byName(dynos);
    const changed = dynos.flatMap((dyno) => changeOf(before.get(nameOf(dyno)), dyno) ?? []);
    const gone = [...before].filter(([name]) => !this.#known.has(name)).map(([, { app, dyno }]) => ({ app, dyno }));
    if (changed.length === 0) return gone.length === 0 ? [] : [{ changed, gone }];
    return Array.from({ length: Math.ceil(changed.length / MAX_DYNOS_PER_EVENT) }, (_, at) => ({
      changed: changed.slice(at * MAX_DYNOS_PER_EVENT, (at + 1) * MAX_DYNOS_PER_EVENT),
      gone: at === 0 ? gone : [],
    }));
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

function byName(dynos: readonly Dyno[]): Map<string, Dyno> {
  return new Map(dynos.map((dyno) => [nameOf(dyno), dyno]));
}

function nameOf({ app, dyno }: Dyno): string {
  return `${app ?? ''}|${dyno}`;
}
