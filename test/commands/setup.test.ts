import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { scriptOf } from '../../src/commands/setup/script.ts';
import { resolveActuatorSettings } from '../../src/config/resolve.ts';
import { resolveEmbeddedSettings } from '../../src/embedded/embedded-settings.ts';
import { readWorkerSettings } from '../../src/instrument/settings.ts';
import { type Heroku, startHeroku } from '../heroku/heroku.ts';
import type { HostedApp } from '../heroku/hosted-app.ts';
import { runCli } from '../integration/actuator/running-actuator.ts';

const OTHER = 'https://otlp.elsewhere.example';
let heroku: Heroku;
let actuator: HostedApp;
let worker: HostedApp;

beforeAll(async () => {
  heroku = await startHeroku();
  actuator = await heroku.create('my-tidemark');
  worker = await heroku.create('my-app');
});
afterAll(() => heroku?.stop());

/** Replaces all config vars of both apps. */
function given(vars: { readonly actuator?: Record<string, string>; readonly worker?: Record<string, string> }): void {
  for (const app of [actuator, worker])
    app.configure(Object.fromEntries(Object.keys(app.config).map((name) => [name, null])));
  actuator.configure(vars.actuator ?? {});
  worker.configure(vars.worker ?? {});
}

function setup(args: readonly string[], token: string | null = 'HRKU-person') {
  const env = { HEROKU_API_URL: heroku.url, ...(token === null ? {} : { HEROKU_API_TOKEN: token }) };
  return runCli(['setup', ...args], env);
}

/** What a shell hands to `heroku config:set`, by app. `heroku` itself answers each question with `said`. */
function varsOf(script: string, said: Readonly<Record<string, string>> = {}): Record<string, Record<string, string>> {
  const answers = Object.entries(said).map(([question, answer]) => `"${question}"*) echo '${answer}' ;;`);
  const set = `config:set*) shift 2; printf '%s\\0' "app=$1" "\${@:2}" ;;`;
  const standIn = `heroku() { case "$*" in ${set} ${answers.join(' ')} esac; }`;
  const printed = execFileSync('bash', ['-euc', `${standIn}\n${script}`], { encoding: 'utf8' });
  const apps: Record<string, Record<string, string>> = {};
  let vars: Record<string, string> = {};
  for (const word of printed.split('\0').filter((one) => one !== '')) {
    const [name = '', value = ''] = [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)];
    if (name !== 'app') vars[name] = value;
    else vars = apps[value] = { ...apps[value] };
  }
  return apps;
}

const BOTH = ['my-app:worker', '--actuator', 'my-tidemark'];
const NEW_TOKEN = { 'authorizations:create': 'HRKU-new' };

describe('tidemark setup', () => {
  it('asks Heroku for the address, and prints lines that both halves read without a fault', async () => {
    given({});
    const { code, stdout, stderr } = await setup(BOTH);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const { 'my-tidemark': service = {}, 'my-app': workers = {} } = varsOf(stdout, NEW_TOKEN);
    const settings = resolveActuatorSettings({ env: service, flags: {} });
    expect(settings.herokuApiToken).toBe('HRKU-new');
    expect(settings.permissions.allowed).toEqual([{ app: 'my-app', processType: 'worker' }]);
    const [ingest] = settings.ingestTokens;
    expect(workers).toEqual({
      OTEL_EXPORTER_OTLP_ENDPOINT: actuator.router.url,
      OTEL_EXPORTER_OTLP_HEADERS: `Authorization=Bearer%20${ingest?.token}`,
    });
    expect(readWorkerSettings(workers).faults).toEqual([]);
    for (const secret of [ingest?.token, settings.adminToken]) expect(secret).toMatch(/^[0-9a-f]{48}$/);
    expect((await setup(BOTH)).stdout).not.toBe(stdout);
  });

  it('leaves the other signals of an app where they are, if it exports OTLP elsewhere', async () => {
    given({ worker: { OTEL_EXPORTER_OTLP_ENDPOINT: OTHER, OTEL_EXPORTER_OTLP_HEADERS: 'x-key=s3cret' } });
    const { stdout } = await setup(BOTH);
    expect(varsOf(stdout)['my-app']).toEqual({
      OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: `${actuator.router.url}/v1/metrics`,
      OTEL_EXPORTER_OTLP_METRICS_PROTOCOL: 'http/protobuf',
      OTEL_EXPORTER_OTLP_METRICS_HEADERS: expect.stringMatching(/^Authorization=Bearer%20\w{48}$/),
    });
  });

  it('says what to do about an app whose metrics go elsewhere, and prints no line', async () => {
    given({ worker: { OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: `${OTHER}/v1/metrics` } });
    const { code, stdout, stderr } = await setup(BOTH);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('put a Collector between');
  });

  it('adds to an actuator that watches another app, and prints none of its secrets', async () => {
    const secrets = { HEROKU_API_TOKEN: 'HRKU-old', TIDEMARK_INGEST_TOKENS: 'shop=0ld', TIDEMARK_ADMIN_TOKEN: 'adm1n' };
    given({ actuator: { ...secrets, TIDEMARK_TARGETS: 'shop:worker', TIDEMARK_PUBLIC_URL: 'https://x.example' } });
    const { stdout, stderr } = await setup(BOTH);
    for (const secret of Object.values(secrets)) expect(stdout + stderr).not.toContain(secret);
    const vars = varsOf(stdout, { 'config:get TIDEMARK_INGEST_TOKENS -a my-tidemark': 'shop=0ld' })['my-tidemark'];
    expect(vars).toEqual({
      TIDEMARK_TARGETS: 'shop:worker,my-app:worker',
      TIDEMARK_INGEST_TOKENS: expect.stringMatching(/^shop=0ld,my-app=\w{48}$/),
    });
  });

  it('takes the address from --url, and says what it could not read', async () => {
    given({ worker: { OTEL_EXPORTER_OTLP_ENDPOINT: OTHER } });
    const { stdout, stderr } = await setup([...BOTH, '--url', 'https://other.example/'], null);
    expect(varsOf(stdout)['my-app']?.OTEL_EXPORTER_OTLP_ENDPOINT).toBe('https://other.example');
    expect(stderr).toContain('add --metrics-only');
    const metricsOnly = await setup([...BOTH, '--url', 'https://other.example', '--metrics-only'], null);
    expect(varsOf(metricsOnly.stdout)['my-app']).not.toHaveProperty('OTEL_EXPORTER_OTLP_ENDPOINT');
  });

  it.each([
    ['no token and no address', BOTH, null, /HEROKU_API_TOKEN is not set/],
    [
      'an app that does not exist',
      ['no-app:worker', '--actuator', 'my-tidemark'],
      'HRKU-person',
      /Couldn't find that app/,
    ],
    ['no actuator', ['my-app:worker'], 'HRKU-person', /--actuator is missing: give the app/],
    ['no target', [], 'HRKU-person', /name the workers .* tidemark setup my-app:worker/],
    ['a target without its type', ['my-app'], 'HRKU-person', /"my-app" is not app:type/],
    ['an address without TLS', [...BOTH, '--url', 'http://x.example'], null, /--url: this is not an https/],
  ])('explains %s', async (_, args, token, says) => {
    const { code, stdout, stderr } = await setup(args, token);
    expect([code !== 0, stdout]).toEqual([true, '']);
    expect(stderr).toMatch(says);
  });

  it('prints the lines of an actuator inside the workers, which both halves read without a fault', async () => {
    const { code, stdout, stderr } = await setup(['my-app:worker', '--embedded'], null);
    expect(code).toBe(0);
    expect(stderr).toMatch(/REDIS_URL must be the queue's Redis/);
    const { 'my-app': vars = {} } = varsOf(stdout, NEW_TOKEN);
    expect(readWorkerSettings(vars)).toMatchObject({ embedded: true, transports: ['redis'], faults: [] });
    const own = { app: 'my-app', processType: 'worker' };
    const settings = resolveEmbeddedSettings({ ...vars, REDIS_URL: 'redis://queue' }, own);
    expect(settings.herokuApiToken).toBe('HRKU-new');
    expect(settings.permissions).toMatchObject({ allowed: [{ app: '.', processType: 'worker' }], dryRun: true });
  });

  it('prints the lines of a plain dyno, which reads from Redis', async () => {
    const { code, stdout, stderr } = await setup(['my-app:worker', '--plain'], null);
    expect([code, stderr]).toEqual([0, expect.stringContaining('heroku ps:scale tidemark=1 -a my-app')]);
    const { 'my-app': vars = {} } = varsOf(stdout, NEW_TOKEN);
    const env = { ...vars, HEROKU_APP_NAME: 'my-app', REDIS_URL: 'redis://127.0.0.1' };
    expect(resolveActuatorSettings({ env, flags: {} })).toMatchObject({
      sources: ['redis'],
      herokuApiToken: 'HRKU-new',
    });
    expect(readWorkerSettings(env)).toMatchObject({ faults: [], transports: ['redis'] });
  });

  it('prints the same as JSON', async () => {
    given({});
    const { steps } = JSON.parse((await setup([...BOTH, '--json'])).stdout);
    expect(steps).toMatchObject([
      { app: 'my-tidemark', config: { HEROKU_API_TOKEN: { shell: expect.stringContaining('authorizations:create') } } },
      {
        app: 'my-app',
        labs: ['runtime-dyno-metadata'],
        config: { OTEL_EXPORTER_OTLP_ENDPOINT: { value: actuator.router.url } },
      },
    ]);
  });

  it('quotes what a shell would read as more than a word', () => {
    const text = `a b'; $(exit 1) "`;
    const script = scriptOf([{ app: 'my-app', why: 'Why.', labs: [], config: { NAME: { text } } }]);
    expect(varsOf(script)).toEqual({ 'my-app': { NAME: text } });
  });
});
