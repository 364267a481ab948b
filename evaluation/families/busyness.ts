import { DAY, HOUR } from '../family.ts';
import type { Random } from '../random.ts';

/** How busy a dyno is at a moment of the episode: 0 (idle) to 1 (its peak). */
export type Busyness = (clock: number) => number;

/** From 0 to 1 and back over `ramp` minutes at each end of the span. */
function hump(minute: number, { from, lasts, ramp }: { from: number; lasts: number; ramp: number }): number {
  const at = (((minute - from) % DAY) + DAY) % DAY;
  if (at >= lasts) return 0;
  return Math.min(1, at / ramp, (lasts - at) / ramp);
}

/** Hours of work a day with a long ramp; at night a tenth of it, and never idle. */
export function workingDay(random: Random): Busyness {
  const from = random.between(0, DAY);
  const lasts = random.between(4 * HOUR, 10 * HOUR);
  const ramp = random.between(15, 90);
  return (clock) => 0.1 + 0.9 * hump(clock, { from, lasts, ramp });
}

/** The same with edges of a minute: a shift begins. */
export function shifts(random: Random): Busyness {
  const from = random.between(0, DAY);
  const lasts = random.between(2 * HOUR, 9 * HOUR);
  const night = random.between(0, 0.3);
  return (clock) => night + (1 - night) * hump(clock, { from, lasts, ramp: 1 });
}

export function bursts(random: Random): Busyness {
  const count = random.whole(3, 6);
  const spans = Array.from({ length: count }, (_, index) => ({
    from: (index * DAY) / count + random.between(0, DAY / count / 3),
    lasts: random.between(0.5 * HOUR, 2 * HOUR),
    ramp: random.between(1, 10),
  }));
  return (clock) => 0.05 + 0.95 * Math.max(...spans.map((span) => hump(clock, span)));
}

export function twoPeaks(random: Random): Busyness {
  const from = random.between(0, DAY);
  const gap = random.between(5 * HOUR, 9 * HOUR);
  const lasts = random.between(2 * HOUR, 4 * HOUR);
  const second = random.between(0.85, 1);
  const ramp = random.between(15, 60);
  return (clock) =>
    0.15 + 0.85 * Math.max(hump(clock, { from, lasts, ramp }), second * hump(clock, { from: from + gap, lasts, ramp }));
}

/** Idle by day, full by night. */
export function nightBatch(random: Random): Busyness {
  const from = random.between(0, DAY);
  const lasts = random.between(1 * HOUR, 6 * HOUR);
  const ramp = random.between(1, 20);
  return (clock) => hump(clock, { from, lasts, ramp });
}

/** Dynos are added and taken away: the same work is spread over more or fewer of them. */
export function scaled(random: Random): Busyness {
  const changes = Array.from({ length: random.whole(3, 7) }, (_, index) => ({
    at: random.between(0, DAY),
    busy: index === 0 ? 1 : random.pick([1, 1, 0.66, 0.5, 0.33]),
  })).sort((a, b) => a.at - b.at);
  const last = changes.at(-1)?.busy ?? 1;
  return (clock) => changes.reduce((busy, change) => (clock % DAY >= change.at ? change.busy : busy), last);
}

/** A backlog from the first minute of the episode, worked off over hours; then an ordinary load. */
export function backlog(random: Random): Busyness {
  const lasts = random.between(2 * HOUR, 12 * HOUR);
  const after = random.between(0.1, 0.5);
  return (clock) => (clock % (2 * DAY) < lasts ? 1 : after);
}
