import { describe, expect, it } from 'vitest';
import type { ActuatorClient, DecisionState, DynoState } from '../../../src/demo/actuator/actuator-client.ts';
import { ActuatorView } from '../../../src/demo/actuator/actuator-view.ts';

const DYNO: DynoState = {
  dyno: 'worker.1',
  boot_id: 'a',
  class: 'bloat',
  action: 'restart',
  explanation: 'It stays high.',
  reclaimable_bytes: 5,
};
const RESTART: DecisionState = { ...DYNO, time: '2026-01-01T00:00:00Z', outcome: null };

/** Each reading gets the next pair of answers. */
function viewOf(...answers: readonly [readonly DynoState[] | null, readonly DecisionState[] | null][]) {
  let reading = -1;
  const client: Pick<ActuatorClient, 'dynos' | 'decisions'> = {
    dynos: async () => answers[++reading]?.[0] ?? null,
    decisions: async () => answers[reading]?.[1] ?? null,
  };
  return new ActuatorView(client as ActuatorClient);
}

describe('what the actuator says', () => {
  it('is news once: a restart, and how it ended', async () => {
    const closed = { ...RESTART, outcome: 'restarted' as const };
    const view = viewOf([[DYNO], [RESTART]], [[DYNO], [RESTART]], [[DYNO], [closed]]);
    expect(await view.refresh()).toHaveLength(1);
    expect(await view.refresh()).toHaveLength(0);
    expect((await view.refresh())[0]).toContain('ended: restarted');
    expect(view.confirmedBootIds).toEqual(new Set(['a']));
  });

  it('survives the actuator: an outcome is kept when the actuator was started again', async () => {
    const view = viewOf([[DYNO], [{ ...RESTART, outcome: 'restarted' }]], [null, null], [[], [RESTART]]);
    await view.refresh();
    await view.refresh();
    expect(view.status(['a'])).toBe('does not answer');
    await view.refresh();
    expect(view.accounts.get('a')?.outcome).toBe('restarted');
  });

  it('is no news if nothing is restarted', async () => {
    const view = viewOf([[{ ...DYNO, action: 'none', class: 'healthy' }], [{ ...RESTART, action: 'none' }]]);
    expect(await view.refresh()).toEqual([]);
    expect(view.classOf('a')).toBe('healthy');
    expect(view.classOf('b')).toBeNull();
    expect([view.knowsFloorOf('a'), view.knowsFloorOf('b')]).toEqual([true, false]);
    expect(view.status(['a'])).toBe('watches 1 dyno; none needs a restart');
  });

  it('is that it starts, until it has answered once', async () => {
    const view = viewOf([null, null], [[], []], [null, null]);
    const said: string[] = [];
    const answered: boolean[] = [];
    for (let reading = 0; reading < 3; reading++) {
      await view.refresh();
      said.push(view.status(['a']));
      answered.push(view.hasAnswered);
    }
    expect(said).toEqual(['is starting', 'waits for the first measurements', 'does not answer']);
    expect(answered).toEqual([false, true, true]);
  });
});
