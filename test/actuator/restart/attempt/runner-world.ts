import type { AttemptMoverParts } from '../../../../src/actuator/restart/attempt/attempt-mover.ts';
import { AttemptRunner } from '../../../../src/actuator/restart/attempt/attempt-runner.ts';
import type { Attempt } from '../../../../src/attempt/attempt.ts';
import type { ClaimRequest } from '../../../../src/ports.ts';
import { aClaim } from '../../../models/a-claim.ts';
import { ModelLedger } from '../../../models/ledger/model-ledger.ts';
import { ModelPlatform } from '../../../models/model-platform.ts';
import { VirtualClock } from '../../../models/virtual-clock.ts';

export const SHOP = { app: 'shop', processType: 'worker' };
export const GRACE_MS = 120_000;

/** A runner's surroundings: two dynos, an empty ledger, and a drain that answers what the test says. */
export class RunnerWorld {
  readonly clock = new VirtualClock();
  readonly ledger = new ModelLedger(this.clock, { cooldownMs: 900_000, maxRestartsPerHour: 4, holdMs: 0 });
  readonly platform = new ModelPlatform(this.clock, ['worker.1', 'worker.2']);
  readonly moves: Attempt[] = [];
  readonly asked: Attempt[] = [];
  idle: boolean | null = true;

  runner(changes: Partial<AttemptMoverParts> = {}): AttemptRunner {
    return new AttemptRunner({
      ledger: this.ledger,
      platform: this.platform,
      clock: this.clock,
      drain: {
        ask: async (attempt) => void this.asked.push(attempt),
        idle: async () => this.idle,
      },
      graceMs: GRACE_MS,
      permission: () => 'allowed',
      stillHolds: () => true,
      onMove: (attempt) => this.moves.push(attempt),
      ...changes,
    });
  }

  async claim(changes: Partial<ClaimRequest> = {}): Promise<Attempt> {
    const answer = await this.ledger.claim(aClaim({ bootId: this.platform.dyno('worker.1').id, ...changes }));
    if (!answer.ok) throw new Error(answer.why);
    return answer.attempt;
  }

  async openPhase() {
    return (await this.ledger.read(SHOP)).open?.phase ?? null;
  }

  async outcome() {
    return (await this.ledger.read(SHOP)).history[0]?.outcome ?? null;
  }

  evidence() {
    return this.moves.at(-1)?.evidence;
  }
}
