import { type Baseline, type BootRule, grid, value } from './rule.ts';

/** Rules that count rises. */
const SOCKETRY: Baseline = {
  name: 'socketry',
  source: 'memory-leak gem: a size over the largest so far by 10 MiB or more counts; too many, or too large, is a leak',
  settings: grid({ increases: [5, 10, 20, 50, 100, 200], limit: [1, 1000] }),
  start(setting): BootRule {
    let largestBytes: number | null = null;
    let increases = 0;
    return {
      sees({ rssBytes, limitBytes }) {
        largestBytes ??= rssBytes;
        if (rssBytes - largestBytes > 10 * 1024 ** 2) {
          largestBytes = rssBytes;
          increases += 1;
        }
        return increases >= value(setting, 'increases') || rssBytes > value(setting, 'limit') * limitBytes;
      },
    };
  },
};

const MEMWATCH: Baseline = {
  name: 'memwatch',
  source:
    'memwatch README: the heap after a collection grew at five collections in a row; ' +
    'one that did not starts the count again',
  settings: grid({ everyMin: [1, 5, 15], inARow: [5, 8, 12, 20] }),
  start(setting): BootRule {
    let nextMs = 0;
    let beforeBytes = Number.POSITIVE_INFINITY;
    let grown = 0;
    return {
      sees({ timeMs, rssBytes, garbageBytes }) {
        if (timeMs < nextMs) return false;
        nextMs = timeMs + value(setting, 'everyMin') * 60_000;
        const keptBytes = rssBytes - garbageBytes;
        grown = keptBytes > beforeBytes ? grown + 1 : 0;
        beforeBytes = keptBytes;
        return grown >= value(setting, 'inARow');
      },
    };
  },
};

export const COUNTER_RULES: readonly Baseline[] = [SOCKETRY, MEMWATCH];
