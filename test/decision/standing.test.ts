import { describe, expect, it } from 'vitest';
import { isOff, overall, type StandingFacts, standingOf, targetsToWatch } from '../../src/decision/standing.ts';
import type { Permissions } from '../../src/model/policy.ts';
import { STATE_OBSTACLES } from '../../src/model/state-obstacle.ts';
import { parseTargetPatterns, type Target, type TargetPattern } from '../../src/model/target.ts';

const NOW_MS = Date.UTC(2026, 0, 5, 14, 0);
const MINUTE = 60_000;
const SHOP: Target = { app: 'shop', processType: 'worker' };
const READY: StandingFacts = {
  nowMs: NOW_MS,
  open: null,
  paused: false,
  pausedSinceMs: null,
  pauser: null,
  pausedBy: { all: false },
  heldUntilMs: 0,
  breakerOpenUntilMs: 0,
  breakerReason: null,
  cooldownUntilMs: 0,
  dryCooldownUntilMs: 0,
  sentLastHour: 0,
  mayBeEvicted: false,
  uselessRestarts: 0,
};

function patterns(text: string): readonly TargetPattern[] {
  const parsed = parseTargetPatterns(text);
  if (!parsed.ok) throw new Error(parsed.faults.join());
  return parsed.patterns;
}

function permissions(allowed: string, dryRun: boolean | string = false, ownApp: string | null = null): Permissions {
  return { allowed: patterns(allowed), dryRun: typeof dryRun === 'string' ? patterns(dryRun) : dryRun, ownApp };
}

function standing(changes: Partial<StandingFacts> = {}, dryRun: boolean | string = false, target = SHOP) {
  const ledger = { ...READY, ...changes };
  return standingOf({ target, permissions: permissions('shop:worker', dryRun), maxRestartsPerHour: 4, ledger });
}

describe('how a target stands', () => {
  it.each(Object.values(STATE_OBSTACLES))(
    'is off while the ledger takes no restart, readable or not: $says',
    (unusable) => {
      for (const ledger of [READY, null]) {
        const found = standingOf({
          target: SHOP,
          permissions: permissions('shop:worker'),
          maxRestartsPerHour: 4,
          ledger,
          unusable,
        });
        const { says, advice } = unusable;
        expect(found.obstacles).toMatchObject([
          { code: 'ledger-unavailable', says: `${says}: nothing is restarted`, advice },
        ]);
        expect(isOff(found)).toBe(true);
      }
    },
  );

  it('says nothing where a restart may be made', () => {
    expect(standing()).toMatchObject({ obstacles: [], dryRun: false, restartsLastHour: 0 });
  });

  it.each<[string, Partial<StandingFacts>, RegExp, RegExp | null]>([
    [
      'a pause of the target',
      { paused: true, pausedSinceMs: NOW_MS - 30 * MINUTE },
      /^paused by a person since 13:30 UTC$/,
      /tidemark resume shop:worker$/,
    ],
    [
      'a pause by somebody who gave a name',
      { paused: true, pausedSinceMs: NOW_MS - 30 * MINUTE, pauser: 'ana@laptop' },
      /^paused by ana@laptop since 13:30 UTC$/,
      /resume shop:worker$/,
    ],
    [
      'a pause of all, since another day',
      { paused: true, pausedBy: { all: true }, pausedSinceMs: NOW_MS - 24 * 60 * MINUTE },
      /since 2026-01-04 14:00 UTC, with all targets$/,
      /tidemark resume$/,
    ],
    ['a pause that an older version wrote', { paused: true }, /^paused by a person$/, /resume/],
    ['a hold with its end', { heldUntilMs: NOW_MS + 5 * MINUTE }, /held.* until 14:05 UTC$/, null],
    [
      'an open breaker with its reason',
      { breakerOpenUntilMs: NOW_MS + 5 * MINUTE, breakerReason: 'nothing came back' },
      /the breaker is open until 14:05 UTC \(nothing came back\)/,
      /tidemark resume shop:worker/,
    ],
    ['a budget that is used up', { sentLastHour: 4 }, /4 of 4 restarts within the last hour/, /MAX_RESTARTS_PER_HOUR/],
    ['a Redis that may drop the ledger', { mayBeEvicted: true }, /may drop the ledger/, /noeviction/],
    ['a cooldown with its end', { cooldownUntilMs: NOW_MS + MINUTE }, /cooldown.*until 14:01 UTC/, null],
    ['a restart on its way', { open: {} }, /on its way/, null],
  ])('names %s', (_what, changes, says, advice) => {
    const [obstacle, ...rest] = standing(changes).obstacles;
    expect(rest).toEqual([]);
    expect(obstacle?.says).toMatch(says);
    if (advice === null) expect(obstacle?.advice).toBeNull();
    else expect(obstacle?.advice).toMatch(advice);
  });

  it('names all that stands in the way, a pause before dry run', () => {
    const { obstacles } = standing({ paused: true, sentLastHour: 9 }, true);
    expect(obstacles.map(({ code }) => code)).toEqual(['paused', 'dry-run', 'budget']);
  });

  it('is not off for a cooldown or a restart on its way, which pass by themselves', () => {
    expect(isOff(standing({ cooldownUntilMs: NOW_MS + 1, open: {} }))).toBe(false);
    expect(isOff(standing({ paused: true }))).toBe(true);
  });
});

describe('dry run by patterns', () => {
  it.each<[string, string, string | null, boolean]>([
    ['shop-pr-*:worker', 'shop-pr-*:worker', null, true],
    ['shop-pr-*:worker', 'shop-*:worker', null, true],
    ['shop-*:worker', 'shop-pr-*:worker', null, false],
    ['shop-pr-*:worker', 'shop-pr-7:worker', null, false],
    ['shop-pr-*:worker', 'shop-pr-*:mailer', null, false],
    ['.:worker', 'shop:worker', 'shop', true],
    ['shop:worker', '.:worker', 'shop', true],
    ['shop:worker', '.:worker', 'other', false],
  ])('what %s allows is dry under %s (own app %s): %s', (allowed, dry, ownApp, isDry) => {
    const terms = permissions(allowed, dry, ownApp);
    const standings = targetsToWatch(terms, []).map((target) =>
      standingOf({ target, permissions: terms, maxRestartsPerHour: 4, ledger: READY }),
    );
    expect(overall(standings, null)).toBe(isDry ? 'off: dry run' : 'on');
  });
});

describe('the targets to watch', () => {
  it('are those that the list names and those that were seen of its patterns, each once', () => {
    const seen = [SHOP, SHOP, { app: 'shop-pr-7', processType: 'worker' }, { app: 'strange', processType: 'worker' }];
    const watched = targetsToWatch(permissions('shop:worker,shop-pr-*:worker,.:mailer,other-*:worker'), seen);
    expect(watched.map(({ app, processType }) => `${app}:${processType}`)).toEqual([
      'other-*:worker',
      'shop-pr-7:worker',
      'shop:worker',
    ]);
  });
});

describe('the one line for everybody', () => {
  it.each([
    ['nothing stands in the way', [standing()], null, 'on'],
    ['all are paused', [standing({ paused: true }), standing({ paused: true })], null, 'off: paused'],
    ['one is', [standing({ paused: true }), standing()], null, 'on for 1 of 2 targets (1 paused)'],
    ['each has its own', [standing({ paused: true }), standing({}, true)], null, 'off: 1 paused, 1 dry run'],
    ['a cooldown runs', [standing({ cooldownUntilMs: NOW_MS + 1 })], null, 'on'],
    ['something concerns all', [standing()], 'Redis is away', 'off: Redis is away'],
    ['the list is empty', [], null, 'off: TIDEMARK_TARGETS is empty'],
  ])('where %s', (_what, standings, global, line) => {
    expect(overall(standings, global)).toBe(line);
    expect(line).not.toContain('shop');
  });
});
