import { expect, it } from 'vitest';
import { BootRegistry } from '../../../src/actuator/boot-registry.ts';
import { saveSnapshots } from '../../../src/actuator/loop/save-snapshots.ts';
import { defaultPolicy } from '../../../src/config/policy.ts';
import { WHOLE_POINT } from '../../sources/otlp/senders/requests.ts';

const POLICY = defaultPolicy(60_000);

/** This many boots that began together, each with a closed bucket that was not saved. */
function began(boots: number): BootRegistry {
  const registry = new BootRegistry(POLICY, Number.MAX_SAFE_INTEGER);
  for (let minutes = 0; minutes <= 1; minutes += 0.125) {
    for (let index = 0; index < boots; index++) {
      const boot = { ...WHOLE_POINT.boot, dyno: `worker.${index}` };
      registry.accept([{ ...WHOLE_POINT, boot, timeMs: WHOLE_POINT.timeMs + minutes * 60_000 }]);
    }
  }
  return registry;
}

const NOTHING_ELSE = {
  permissions: { allowed: [{ app: 'shop', processType: 'worker' }], dryRun: false, ownApp: null },
  isLedInside: async () => false,
  jobsOf: () => null,
  reached: () => ({ pointsId: null, place: null }),
  log: { warn: () => {} },
};

/** How many a round saves, and of how many dynos. */
async function rounds(registry: BootRegistry, count: number) {
  const saved = new Set<string>();
  const inRound: number[] = [];
  for (let round = 0; round < count; round++) {
    let saves = 0;
    await saveSnapshots(registry.entries(), {
      snapshots: {
        save: async (boots) => {
          saves += boots.length;
          for (const { bootKey } of boots) saved.add(bootKey);
        },
      },
      ...NOTHING_ELSE,
    });
    inRound.push(saves);
  }
  return { saved: saved.size, inRound };
}

it('spreads the snapshots of boots that close their buckets together over four rounds', async () => {
  expect(await rounds(began(4_000), 5)).toEqual({ saved: 4_000, inRound: [1_000, 1_000, 1_000, 1_000, 0] });
});

it('saves those of a small fleet at once', async () => {
  expect(await rounds(began(400), 2)).toEqual({ saved: 400, inRound: [400, 0] });
});

it('saves what jobs did with the first snapshot of a boot, and then with one in five', async () => {
  const registry = new BootRegistry(POLICY, Number.MAX_SAFE_INTEGER);
  const jobs: (string | null | undefined)[] = [];
  for (let bucket = 0; bucket <= 10; bucket++) {
    for (let part = 0; part < 1; part += 0.125)
      registry.accept([{ ...WHOLE_POINT, timeMs: WHOLE_POINT.timeMs + (bucket + part) * 60_000 }]);
    await saveSnapshots(registry.entries(), {
      ...NOTHING_ELSE,
      snapshots: { save: async (boots) => void jobs.push(...boots.map((boot) => boot.jobs)) },
      jobsOf: () => 'jobs',
    });
  }
  expect(jobs).toEqual(['jobs', null, null, null, 'jobs', null, null, null, null, 'jobs']);
});
