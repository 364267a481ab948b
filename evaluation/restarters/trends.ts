import { Minutes, middle } from './minutes.ts';
import { type Baseline, type BootRule, grid, value } from './rule.ts';

/**
 * Rules that fit lines. Values are shares of the quota; a line is looked at once a minute (Precog: every five), as
 * their scrape intervals are.
 */
const PREDICT_LINEAR: Baseline = {
  name: 'predict_linear',
  source: 'the usual Prometheus alert: predict_linear(rss[window], horizon) over the limit, for a time',
  settings: grid({ windowMin: [60, 360], horizonMin: [30, 60, 240], forMin: [0, 15] }),
  start(setting): BootRule {
    const windowMin = value(setting, 'windowMin');
    const minutes = new Minutes({ everyMin: 1, capacity: windowMin });
    let sinceMs: number | null = null;
    return {
      sees({ timeMs, bootStartMs, rssBytes, limitBytes }) {
        if (!minutes.add(timeMs, rssBytes / limitBytes) || timeMs - bootStartMs < windowMin * 60_000) return false;
        const line = minutes.lineSince(timeMs / 60_000 - windowMin);
        const fires = line !== null && line.now + line.slope * value(setting, 'horizonMin') > 1;
        sinceMs = fires ? (sinceMs ?? timeMs) : null;
        return sinceMs !== null && timeMs - sinceMs >= value(setting, 'forMin') * 60_000;
      },
    };
  },
};

const LINEAR_R2: Baseline = {
  name: 'linear regression, R2',
  source: 'linnix: least squares over a window, R2 over a limit and growth over a share of the quota',
  settings: grid({ windowMin: [15, 60, 360], r2: [0.8, 0.9], growth: [0.05, 0.15] }),
  start(setting): BootRule {
    const windowMin = value(setting, 'windowMin');
    const minutes = new Minutes({ everyMin: 1, capacity: windowMin });
    return {
      sees({ timeMs, rssBytes, limitBytes }) {
        if (!minutes.add(timeMs, rssBytes / limitBytes)) return false;
        const line = minutes.lineSince(timeMs / 60_000 - windowMin);
        if (line === null || line.spanMin < 0.8 * windowMin) return false;
        return line.r2 > value(setting, 'r2') && line.slope * line.spanMin > value(setting, 'growth');
      },
    };
  },
};

const COROOT_KEEPS_MIN = 1440;

const COROOT: Baseline = {
  name: 'Coroot',
  source:
    'auditor/memory.go: the slope of the boot and of its last quarter, growth in the last hour, ' +
    'per cent of the start per hour, for 15 min',
  settings: grid({ perHour: [0.05, 0.1, 0.2, 0.5], tail: [0.3, 0.5, 0.8] }),
  start(setting): BootRule {
    const minutes = new Minutes({ everyMin: 1, capacity: COROOT_KEEPS_MIN });
    let sinceMs: number | null = null;
    return {
      sees({ timeMs, rssBytes, limitBytes }) {
        if (!minutes.add(timeMs, rssBytes / limitBytes)) return false;
        const nowMin = timeMs / 60_000;
        const line = minutes.lineSince(0);
        const tail = line === null ? null : minutes.lineSince(nowMin - Math.max(15, line.spanMin / 4));
        const leaks =
          line !== null &&
          tail !== null &&
          line.count >= 10 &&
          tail.count >= 5 &&
          line.slope > 0 &&
          tail.slope >= value(setting, 'tail') * line.slope &&
          line.slope * Math.min(60, line.spanMin) >= 0.05 &&
          (line.slope * 60) / Math.max(0.01, line.now - line.slope * line.spanMin) > value(setting, 'perHour');
        sinceMs = leaks ? (sinceMs ?? timeMs) : null;
        return sinceMs !== null && timeMs - sinceMs >= 15 * 60_000;
      },
    };
  },
};

const SCREENPIPE_SKIP_MIN = 30;

const SCREENPIPE: Baseline = {
  name: 'screenpipe',
  source:
    'leak sentinel: after 30 min, over at most 6 h and at least 3: slope, R2, fitted growth and level; ' +
    'absolute sizes as shares of the quota',
  settings: grid({ perHour: [0.02, 0.05], r2: [0.8, 0.9], level: [0.6, 0.8, 0.9] }),
  start(setting): BootRule {
    const minutes = new Minutes({ everyMin: 1, capacity: 360 });
    return {
      sees({ timeMs, bootStartMs, rssBytes, limitBytes }) {
        if (timeMs - bootStartMs < SCREENPIPE_SKIP_MIN * 60_000) return false;
        if (!minutes.add(timeMs, rssBytes / limitBytes)) return false;
        const line = minutes.lineSince(0);
        if (line === null || line.spanMin < 180 || rssBytes / limitBytes < value(setting, 'level')) return false;
        const steep = line.slope * 60 >= value(setting, 'perHour') && line.slope * line.spanMin >= 0.1;
        return steep && line.r2 >= value(setting, 'r2');
      },
    };
  },
};

const PRECOG_STEP_MIN = 5;
const PRECOG_SMOOTH = 12;
const PRECOG_KEEPS = 7 * 288;
const PRECOG_LEAST_LEVEL = 0.4;
const PRECOG_Z = 3.5;

const PRECOG: Baseline = {
  name: 'Precog',
  source:
    'ansjin/memory_leak_detection, untrained: 5 min medians, 1 h rolling median, ' +
    'a line from each change point: R2, span, level, time to the limit',
  settings: grid({ exitMin: [60, 360, 1440], r2: [0.8, 0.9], spanMin: [120, 360] }),
  start(setting): BootRule {
    const raw = new Minutes({ everyMin: PRECOG_STEP_MIN, capacity: PRECOG_SMOOTH });
    const smooth = new Minutes({ everyMin: PRECOG_STEP_MIN, capacity: PRECOG_KEEPS });
    const spanMin = value(setting, 'spanMin');
    return {
      sees({ timeMs, rssBytes, limitBytes }) {
        if (!raw.add(timeMs, rssBytes / limitBytes)) return false;
        smooth.add(timeMs, middle(raw.values));
        return changePoints(smooth, spanMin).some((fromMin) => {
          const line = smooth.lineSince(fromMin);
          if (line === null || line.spanMin < spanMin || line.r2 < value(setting, 'r2') || line.slope <= 0)
            return false;
          return line.now >= PRECOG_LEAST_LEVEL && (1 - line.now) / line.slope <= value(setting, 'exitMin');
        });
      },
    };
  },
};

/**
 * The first minute, and those where the change to the next is out of proportion, at least `apartMin` from one another.
 */
function changePoints({ times, values }: Minutes, apartMin: number): readonly number[] {
  const changes = values.slice(1).map((value, index) => Math.abs(value - (values[index] ?? value)));
  const usual = middle(changes);
  const spread = middle(changes.map((change) => Math.abs(change - usual)));
  const points = [times[0] ?? 0];
  changes.forEach((change, index) => {
    const at = times[index + 1] ?? 0;
    if (spread > 0 && (0.6745 * (change - usual)) / spread > PRECOG_Z && at - (points.at(-1) ?? 0) >= apartMin)
      points.push(at);
  });
  return points;
}

export const TREND_RULES: readonly Baseline[] = [PREDICT_LINEAR, LINEAR_R2, COROOT, SCREENPIPE, PRECOG];
