import type { Sample } from '../restarter.ts';
import { type Baseline, type BootRule, grid, value } from './rule.ts';

/**
 * Rules that compare a level with a limit. Each limit is a share of the quota, RSS is what the process sees of itself,
 * and "after a job" is the first sample that shows one more finished job.
 */
const LEVELS_12 = [0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 1, 1.05, 1.1, 1.2, 1.5];

class AfterJob {
  #finished = 0;

  happened(sample: Sample): boolean {
    const happened = sample.completedJobs > this.#finished;
    this.#finished = sample.completedJobs;
    return happened;
  }
}

const MEMORY_KILLER: Baseline = {
  name: 'MemoryKiller',
  source:
    "GitLab's first form and its descendants: after a job, RSS over the limit starts a grace time, then it restarts",
  settings: grid({ limit: [0.7, 0.8, 0.9, 0.95, 1, 1.1], graceMs: [120_000, 900_000] }),
  start(setting): BootRule {
    const afterJob = new AfterJob();
    let dueMs = Number.POSITIVE_INFINITY;
    return {
      sees(sample) {
        if (afterJob.happened(sample) && sample.rssBytes > value(setting, 'limit') * sample.limitBytes)
          dueMs = Math.min(dueMs, sample.timeMs + value(setting, 'graceMs'));
        return sample.timeMs >= dueMs;
      },
    };
  },
};

const GITLAB: Baseline = {
  name: 'GitLab Watchdog',
  source: 'lib/gitlab/memory/watchdog: soft limit violated at every check of the grace time, or the hard limit once',
  settings: grid({ soft: [0.8, 0.9], hard: [1, 1.2, 2], graceMs: [300_000, 900_000] }),
  start(setting): BootRule {
    let sinceMs: number | null = null;
    return {
      sees({ rssBytes, limitBytes, timeMs }) {
        if (rssBytes > value(setting, 'hard') * limitBytes) return true;
        if (rssBytes <= value(setting, 'soft') * limitBytes) sinceMs = null;
        else sinceMs ??= timeMs;
        return sinceMs !== null && timeMs - sinceMs > value(setting, 'graceMs');
      },
    };
  },
};

const SIDEKIQ_WORKER_KILLER: Baseline = {
  name: 'sidekiq-worker-killer',
  source:
    'lib/sidekiq/worker_killer.rb: after a job, RSS over the limit and still over it after a full garbage collection',
  settings: grid({ limit: LEVELS_12 }),
  start(setting): BootRule {
    const afterJob = new AfterJob();
    return {
      sees(sample) {
        const over = sample.rssBytes - sample.garbageBytes > value(setting, 'limit') * sample.limitBytes;
        return afterJob.happened(sample) && over;
      },
    };
  },
};

const PM2_EVERY_MS = 30_000;

const PM2: Baseline = {
  name: 'PM2',
  source: 'lib/Worker.js: every 30 s, memory over max_memory_restart',
  settings: grid({ limit: LEVELS_12 }),
  start(setting): BootRule {
    let nextMs = 0;
    return {
      sees({ timeMs, rssBytes, limitBytes }) {
        if (timeMs < nextMs) return false;
        nextMs = timeMs + PM2_EVERY_MS;
        return rssBytes > value(setting, 'limit') * limitBytes;
      },
    };
  },
};

const CELERY: Baseline = {
  name: 'Celery',
  source: 'billiard/pool.py: after a task, the peak RSS ever seen (ru_maxrss) over max_memory_per_child',
  settings: grid({ limit: LEVELS_12 }),
  start(setting): BootRule {
    const afterJob = new AfterJob();
    let peakBytes = 0;
    return {
      sees(sample) {
        peakBytes = Math.max(peakBytes, sample.rssBytes);
        return afterJob.happened(sample) && peakBytes > value(setting, 'limit') * sample.limitBytes;
      },
    };
  },
};

export const LEVEL_RULES: readonly Baseline[] = [MEMORY_KILLER, GITLAB, SIDEKIQ_WORKER_KILLER, PM2, CELERY];
