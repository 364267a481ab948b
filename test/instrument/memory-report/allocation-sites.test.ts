import { describe, expect, it } from 'vitest';
import { allocationSites, type ProfileNode } from '../../../src/instrument/memory-report/allocation-sites.ts';
import { ALLOCATION_SITES, MEMORY_ANSWER_MAX_BYTES } from '../../../src/shared/memory-report-messages.ts';

const ROOT = '/app';

function call(functionName: string, url: string, selfSize: number, ...children: readonly ProfileNode[]): ProfileNode {
  return { callFrame: { functionName, url, lineNumber: 11, columnNumber: 8 }, selfSize, children };
}

const root = (...children: readonly ProfileNode[]) => call('(root)', '', 0, ...children);

describe('the allocation sites of a heap profile', () => {
  it('are the functions of the application, the one with the most memory first, below its root', () => {
    const profile = root(call('small', '/app/src/a.js', 10), call('large', 'file:///app/src/jobs/b.js', 30));
    expect(allocationSites(profile, ROOT)).toEqual({
      bytes: 40,
      sites: [
        { functionName: 'large', place: 'src/jobs/b.js:12:9', caller: null, bytes: 30 },
        { functionName: 'small', place: 'src/a.js:12:9', caller: null, bytes: 10 },
      ],
    });
  });

  it('count what Node and V8 allocate for the function that called them', () => {
    const parse = call('parse', '', 25);
    const from = call('from', 'node:buffer', 5, call('Uint8Array', '', 10));
    const { sites } = allocationSites(root(call('readRows', '/app/src/rows.js', 1, parse, from)), ROOT);
    expect(sites).toEqual([{ functionName: 'readRows', place: 'src/rows.js:12:9', caller: null, bytes: 41 }]);
  });

  it('name for a function of a package the nearest caller in the application', () => {
    const set = call('set', '/app/node_modules/.pnpm/memo@1/node_modules/memo/index.js', 8);
    const wrap = call('wrap', '/app/node_modules/wrapper/index.js', 0, set);
    const { sites } = allocationSites(root(call('priceOf', '/app/src/prices.js', 0, wrap)), ROOT);
    expect(sites).toEqual([
      {
        functionName: 'set',
        place: 'node_modules/memo/index.js:12:9',
        caller: 'priceOf (src/prices.js:12:9)',
        bytes: 8,
      },
    ]);
  });

  it('add up over the ways on which a function was reached', () => {
    const profile = root(
      call('one', '/app/a.js', 0, call('grow', '/app/b.js', 3)),
      call('two', '/app/a.js', 0, call('grow', '/app/b.js', 4)),
    );
    expect(allocationSites(profile, ROOT).sites).toMatchObject([{ functionName: 'grow', bytes: 7 }]);
  });

  it.each([
    ['a file outside the application', '/home/jane/secret-project/lib/x.js', 'x.js:12:9'],
    ['a query in a module URL', 'file:///app/src/a.js?token=s3cret', 'src/a.js:12:9'],
    ['code from a data URL', 'data:text/javascript,const password = "s3cret"', '(evaluated code):12:9'],
    ['code that was evaluated', 'evalmachine.<anonymous>', '(evaluated code):12:9'],
    ['a file URL that is none', 'file://host/%zz', '(evaluated code):12:9'],
  ])('show of %s no more than its name', (_what, url, place) => {
    expect(allocationSites(root(call('f', url, 1)), ROOT).sites).toMatchObject([{ place }]);
  });

  it('have a name also where no function allocated', () => {
    const { sites } = allocationSites(root(call('(EXTERNAL)', '', 4), call('', '/app/a.js', 3)), ROOT);
    expect(sites.map(({ functionName }) => functionName)).toEqual(['(outside JavaScript)', '(anonymous)']);
  });

  it('are few and short enough for an answer, whatever the functions are called', () => {
    const long = `\u0000\ud800"\\${'\uffff'.repeat(5000)}`;
    const calls = Array.from({ length: 500 }, (_, index) => {
      const inPackage = call(`${long}${index}`, `/app/node_modules/${long}${index}`, 1 + index);
      return call(`${long}${index}`, `/app/${long}${index}`, 0, inPackage);
    });
    const { sites } = allocationSites(root(...calls), ROOT);
    expect(sites).toHaveLength(ALLOCATION_SITES);
    expect(JSON.stringify(sites)).not.toMatch(/\\u00/);
    // Half of an answer: the rest is for what does not depend on names.
    expect(Buffer.byteLength(JSON.stringify(sites))).toBeLessThan(0.8 * MEMORY_ANSWER_MAX_BYTES);
  });

  it('are found in stacks of any depth', () => {
    let deepest = call('leaf', '/app/a.js', 5);
    for (let depth = 0; depth < 50_000; depth++) deepest = call('recurse', '/app/a.js', 0, deepest);
    expect(allocationSites(root(deepest), ROOT).bytes).toBe(5);
  });
});
