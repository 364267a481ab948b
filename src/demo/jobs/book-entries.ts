import { createHash } from 'node:crypto';

const ENTRIES = 200;

/** Ordinary work of a few milliseconds: writes and reads back some entries, and sums them up. Its garbage is the V8 heap's alone. */
export function bookEntries(seed: number): string {
  const entries = Array.from({ length: ENTRIES }, (_, index) => ({
    id: seed + index,
    text: 'x'.repeat(40),
    cents: index * 7,
  }));
  const booked = entries.map((entry) => JSON.parse(JSON.stringify(entry)) as (typeof entries)[number]);
  return createHash('sha256').update(JSON.stringify(booked)).digest('hex');
}
