import { PARTS, TUNING } from '../../src/detector/tuning.ts';

export type PartName = keyof typeof PARTS;
export type ConstantName = keyof typeof TUNING;

/** One difference from the detector in service: a part that is off, or a constant with another value. */
export type DetectorChange =
  | { readonly part: PartName }
  | { readonly constant: ConstantName; readonly value: number | readonly number[] };

/** Runs something with a changed detector of this thread, and puts the detector back, also after an error. */
export function withChange<T>(change: DetectorChange | undefined, run: () => T): T {
  if (change === undefined) return run();
  const [values, name, value] =
    'part' in change ? [PARTS, change.part, false] : [TUNING, change.constant, change.value];
  const before: unknown = Reflect.get(values, name);
  Reflect.set(values, name, value);
  try {
    return run();
  } finally {
    Reflect.set(values, name, before);
  }
}

/** A constant moved by a fraction of itself; whole numbers are rounded away from what they were, so that each moves. */
export function moved(value: number | readonly number[], factor: number): number | readonly number[] {
  return typeof value === 'number' ? movedNumber(value, factor) : value.map((one) => movedNumber(one, factor));
}

function movedNumber(value: number, factor: number): number {
  const exact = value * factor;
  if (!Number.isInteger(value)) return exact;
  return exact < value ? Math.floor(exact) : Math.ceil(exact);
}
