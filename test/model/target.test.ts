import { describe, expect, it } from 'vitest';
import { matchesAny, parseTargetPatterns } from '../../src/model/target.ts';

function allows(targets: string, app: string, processType = 'worker', ownApp: string | null = null): boolean {
  const parsed = parseTargetPatterns(targets);
  if (!parsed.ok) throw new Error(parsed.faults.join());
  return matchesAny(parsed.patterns, { app, processType }, ownApp);
}

describe('an allow-list', () => {
  it.each([
    ['shop:worker', 'shop', true],
    ['shop:worker', 'shop-2', false],
    ['shop:worker', '', false],
    ['shop-pr-*:worker', 'shop-pr-12', true],
    ['shop-pr-*:worker', 'shop-pr-', true],
    ['shop-pr-*:worker', 'shop-prod', false],
    ['shop-pr-*:worker', 'my-shop-pr-12', false],
    ['.:worker', 'shop', false],
  ])('%s, asked for %s: %s', (targets, app, answer) => {
    expect(allows(targets, app)).toBe(answer);
  });

  it.each([
    'shop-pr-1 ',
    'shop-pr-1/dynos',
    'shop-pr-..',
    'shop-pr-Ä',
    'shop-pr-1:worker',
    `shop-pr-${'9'.repeat(60)}`,
  ])('has no pattern for "%s", which is no name of an app', (app) => {
    expect(allows('shop-pr-*:worker', app)).toBe(false);
  });

  it('is of process types too', () => {
    expect(allows('shop-pr-*:worker', 'shop-pr-1', 'web')).toBe(false);
  });

  it('means this app by the dot', () => {
    expect(allows('.:worker', 'shop', 'worker', 'shop')).toBe(true);
  });

  it.each([
    '*:worker',
    'shop',
    'shop:',
    ':worker',
    'sh*p:worker',
    'shop:run',
    'shop:release',
    'shop:scheduler',
    'Shop:worker',
  ])('does not take "%s"', (targets) => {
    expect(parseTargetPatterns(targets).ok).toBe(false);
  });
});
