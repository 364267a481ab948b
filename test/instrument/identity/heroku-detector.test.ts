import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dynoIdentity } from '../../../src/instrument/identity/dyno-identity.ts';
import { herokuAttributes, herokuDetector } from '../../../src/instrument/identity/heroku-detector.ts';
import { processRole } from '../../../src/instrument/identity/process-role.ts';
import { Procfs } from '../../../src/instrument/memory/procfs.ts';
import { processTypeOf } from '../../../src/shared/dyno-name.ts';
import { FakeProcfs } from '../memory/fake-procfs.ts';

const PLATFORM_ENV = {
  DYNO: 'worker.2',
  HEROKU_APP_ID: 'app-id',
  HEROKU_APP_NAME: 'shop',
  HEROKU_DYNO_ID: 'dyno-id',
  HEROKU_RELEASE_VERSION: 'v42',
  HEROKU_RELEASE_CREATED_AT: '2026-03-01T12:00:00Z',
  HEROKU_SLUG_COMMIT: 'c0ffee',
};

let fake: FakeProcfs;
beforeEach(() => {
  fake = new FakeProcfs();
  fake.kernel(1_700_000_000);
  fake.add(1, { parent: 0, startTicks: 1234 });
  fake.add(process.pid, { parent: process.ppid, startTicks: 99_000 });
  fake.add(process.ppid, { parent: 1, startTicks: 5000 });
});
afterEach(() => fake.remove());

const attributesOf = (env: Record<string, string>) => herokuAttributes(env, new Procfs(fake.root));

describe('the resource', () => {
  it('carries what the platform says', () => {
    expect(attributesOf(PLATFORM_ENV)).toEqual({
      'service.name': 'shop',
      'service.instance.id': expect.stringMatching(/^[0-9a-f-]{36}$/),
      'tidemark.process.id': expect.stringMatching(/^[0-9a-f-]{36}$/),
      'tidemark.process.start_time': new Date(performance.timeOrigin).toISOString(),
      'service.version': 'v42',
      'cloud.provider': 'heroku',
      'heroku.app.id': 'app-id',
      'heroku.app.name': 'shop',
      'heroku.release.commit': 'c0ffee',
      'heroku.release.creation_timestamp': '2026-03-01T12:00:00Z',
      'heroku.dyno.name': 'worker.2',
      'heroku.process.type': 'worker',
      'heroku.dyno.id': 'dyno-id',
      'tidemark.dyno.id.source': 'platform',
      'tidemark.dyno.start_time': expect.any(String),
      'tidemark.process.role': 'main',
      'tidemark.process.heap_limit': expect.stringMatching(/^\d+$/),
      'tidemark.process.heap_limit_source': 'default',
    });
  });

  it.each([
    ['OTEL_SERVICE_NAME names the service', { OTEL_SERVICE_NAME: 'mailer' }, 'service.name', 'mailer'],
    [
      'a service name among OTEL_RESOURCE_ATTRIBUTES is left to the SDK',
      { OTEL_RESOURCE_ATTRIBUTES: 'a=b,service.name=x' },
      'service.name',
      undefined,
    ],
    ['TIDEMARK_APP names the app before Heroku does', { TIDEMARK_APP: 'other' }, 'heroku.app.name', 'other'],
    ['the newer variable for the commit wins', { HEROKU_BUILD_COMMIT: 'beef' }, 'heroku.release.commit', 'beef'],
  ])('%s', (_what, env, name, value) => {
    expect(attributesOf({ ...PLATFORM_ENV, ...env })[name]).toBe(value);
  });

  it('claims no dyno and no provider outside one', () => {
    expect(Object.keys(attributesOf({})).filter((name) => /heroku|cloud|dyno|service\.name/.test(name))).toEqual([]);
  });

  it('is the same at every detection, synchronously', () => {
    expect(herokuDetector.detect()).toEqual(herokuDetector.detect());
  });
});

describe('the boot', () => {
  const derivedEnv = { DYNO: 'worker.1', HEROKU_APP_NAME: 'shop' };
  const identity = (env: Record<string, string> = derivedEnv) => dynoIdentity(env, new Procfs(fake.root));

  it('began with PID 1 where its id is derived', () => {
    expect(identity()?.startTime).toBe(new Date(1_700_000_000_000 + 12_340).toISOString());
  });

  it('has the same derived id at every look', () => {
    expect(identity()).toEqual(identity());
    expect(identity()?.idSource).toBe('derived');
    expect(identity()?.id).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  });

  it.each([
    ['PID 1 started at another time', () => fake.add(1, { parent: 0, startTicks: 1235 }), derivedEnv],
    ['the kernel was started again', () => fake.kernel(1_700_000_000, 'boot-2'), derivedEnv],
    ['it is another dyno', () => {}, { ...derivedEnv, DYNO: 'worker.2' }],
    ['it is another app', () => {}, { ...derivedEnv, HEROKU_APP_NAME: 'shop-2' }],
  ])('has another derived id where %s', (_what, change, env) => {
    const before = identity()?.id;
    change();
    expect(identity(env)?.id).not.toBe(before);
  });

  it('does not change its derived id when the clock is set', () => {
    const before = identity()?.id;
    fake.kernel(1_700_000_777);
    expect(identity()?.id).toBe(before);
  });

  it('began with the topmost process of the same platform id, where PID 1 is not of the dyno', () => {
    fake.add(process.ppid, { parent: 1, startTicks: 5000, environment: { HEROKU_DYNO_ID: 'dyno-id' } });
    expect(identity({ ...derivedEnv, HEROKU_DYNO_ID: 'dyno-id' })?.startTime).toBe(
      new Date(1_700_000_050_000).toISOString(),
    );
  });

  it('began with PID 1 where that is of the dyno', () => {
    const environment = { HEROKU_DYNO_ID: 'dyno-id' };
    fake.add(process.ppid, { parent: 1, startTicks: 5000, environment });
    fake.add(1, { parent: 0, startTicks: 1234, environment });
    expect(identity({ ...derivedEnv, HEROKU_DYNO_ID: 'dyno-id' })?.startTime).toBe(
      new Date(1_700_000_012_340).toISOString(),
    );
  });

  it.each([
    ['worker.1', 'worker'],
    ['worker.12', 'worker'],
    ['mail-worker.1', 'mail-worker'],
    ['worker-23z34x56y-w78k9', 'worker'],
    ['mail-worker-848cd4f64d-pvpr2', 'mail-worker'],
    ['worker', 'worker'],
  ])('of %s is of type %s', (name, type) => {
    expect(processTypeOf(name)).toBe(type);
  });
});

describe('the role', () => {
  it.each([
    ['/app/node_modules/bullmq/dist/cjs/classes/main.js', true],
    ['/app/node_modules/bullmq/dist/esm/classes/main.js', true],
    ['/app/worker.js', false],
    ['/app/classes/main.js', false],
  ])('of %s: sandbox %s', (entry, sandbox) => {
    const forked = process.send !== undefined;
    expect(processRole(['node', entry])).toBe(sandbox && forked ? 'sandbox' : 'main');
  });
});
