import { describe, expect, it } from 'vitest';
import { BootRegistry } from '../../src/actuator/boot-registry.ts';
import { type Boot, openBoot } from '../../src/core/boot.ts';
import { defaultPolicy } from '../../src/core/policy.ts';
import { WHOLE_POINT } from '../sources/requests.ts';

const POLICY = defaultPolicy(60_000);

function boot(firstPointMs: number, lastPointMs: number): Boot {
  return { ...openBoot(WHOLE_POINT), firstPointMs, lastPointMs };
}

describe('a snapshot that an actuator takes up', () => {
  it.each([
    ['a boot that it does not know', null, boot(10, 20), true],
    ['one that it has seen only the end of', boot(15, 30), boot(10, 20), true],
    ['one that it knows as of its own start, an hour ago', boot(10, 15), boot(10, 20), true],
    ['one of which it has seen more', boot(10, 30), boot(10, 20), false],
    ['one that it has seen from an earlier time on', boot(5, 15), boot(10, 20), false],
  ])('is %s: %j by %j, %j', (_what, known, snapshot, adopted) => {
    const registry = new BootRegistry(POLICY);
    if (known !== null) registry.adopt(known);
    expect(registry.adopt(snapshot)).toBe(adopted);
    expect(registry.entries().map((entry) => entry.boot)).toEqual([adopted ? snapshot : known]);
  });
});
