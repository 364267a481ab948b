import { createHash } from 'node:crypto';

const ENTRIES = 200;

/**
 * Ordinary work of a few milliseconds: serialises and parses some entries, and hashes them. All its garbage is in the
 * V8 heap.
 */
export function bookEntries(seed: number): string {
  const entries = Array.from({ length: ENTRIES }, (_, index) => ({
    id: seed + index,
    text: 'x'.repeat(40),
    cents: index * 7,
  }));
  const booked = entries.map((entry) => JSON.parse(JSON.stringify(entry)) as (typeof entries)[number]);
  return createHash('sha256').update(JSON.stringify(booked)).digest('hex');
}
