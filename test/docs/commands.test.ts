import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { resolveActuatorSettings } from '../../src/config/resolve.ts';
import { readWorkerSettings } from '../../src/instrument/settings.ts';
import { type Block, blocksOf, PAGES_WITH_COMMANDS, ROOT } from './pages.ts';

/**
 * Every `sh` block of the pages is run: here, by a stage of CI that its marker names, or against a stand-in for what
 * only the platform has.
 */

const CI = readFileSync(`${ROOT}.ci/run`, 'utf8');
const STAGE = /^run by \.ci\/run: (.+)$/;
const sandbox = mkdtempSync(join(tmpdir(), 'tidemark-docs-'));
const calls = join(sandbox, 'calls');
/** What Prometheus answers. */
const range = join(sandbox, 'range.json');

/**
 * Prints what the real program would, and writes each call down: the program's name and its arguments, a line each,
 * then an empty line.
 */
const STAND_IN = `#!/bin/sh
{ basename "$0"; for word in "$@"; do printf '%s\\n' "$word"; done; echo; } >>"$CALLS"
case "$(basename "$0") $1" in
  "heroku apps:info") echo "web_url=https://my-tidemark-0123456789ab.herokuapp.com/" ;;
  "heroku authorizations:create") echo HRKU-0123456789 ;;
  "heroku config:get") echo 0123456789abcdef ;;
  "curl -sG") cat "$RANGE" ;;
  "openssl rand") od -An -N16 -tx1 /dev/urandom | tr -d ' \\n' && echo ;;
esac
`;

function standIns(): string {
  const folder = join(sandbox, 'bin');
  mkdirSync(folder, { recursive: true });
  for (const name of ['heroku', 'git', 'npx', 'openssl', 'curl']) {
    writeFileSync(join(folder, name), STAND_IN);
    chmodSync(join(folder, name), 0o755);
  }
  return folder;
}

/** A folder that looks like a clone with its packages installed and built, so that commands may write into it. */
function clone(): string {
  const folder = join(sandbox, 'tidemark');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), readFileSync(`${ROOT}package.json`));
  cpSync(`${ROOT}evaluation/recordings/data`, join(folder, 'evaluation/recordings/data'), { recursive: true });
  for (const name of ['node_modules', 'src']) symlinkSync(`${ROOT}${name}`, join(folder, name));
  // From the sources: "npx vitest run" does not build.
  mkdirSync(join(folder, 'dist'));
  writeFileSync(join(folder, 'dist/cli.js'), `await import(${JSON.stringify(`${ROOT}src/cli.ts`)});\n`);
  return folder;
}

function run(script: string, cwd: string, path: readonly string[]) {
  const env = { ...process.env, CALLS: calls, RANGE: range, PATH: [...path, process.env.PATH].join(delimiter) };
  const result = spawnSync('bash', ['-euc', script], { cwd, env, encoding: 'utf8' });
  return { code: result.status, output: result.stdout + result.stderr };
}

const BLOCKS = PAGES_WITH_COMMANDS.flatMap(blocksOf);
const COMMANDS = BLOCKS.filter(({ language }) => language === 'sh');
const here = ({ page, line }: Block) => `${page}:${line}`;
const marked = (is: (marker: string) => boolean) => COMMANDS.filter(({ marker }) => marker !== null && is(marker));

afterAll(() => rmSync(sandbox, { recursive: true, force: true }));

describe('the commands of the pages', () => {
  it('stand in blocks that say what they are, with markers that are known', () => {
    expect(BLOCKS.filter(({ language }) => language === '').map(here)).toEqual([]);
    const known = (marker: string | null) =>
      marker === null || STAGE.test(marker) || /^needs (Heroku|Docker|Kafka|Prometheus)$/.test(marker);
    expect(COMMANDS.filter(({ marker }) => !known(marker)).map(here)).toEqual([]);
    expect(COMMANDS.length).toBeGreaterThan(10);
  });

  it('are run by the stage of CI that they name', () => {
    const stages = marked((marker) => STAGE.test(marker)).map(({ marker }) => STAGE.exec(marker ?? '')?.[1] ?? '');
    expect(stages.filter((stage) => !CI.includes(`step '${stage}'`))).toEqual([]);
    expect(stages).toContain('demo');
  });

  const plain = COMMANDS.filter(({ marker }) => marker === null);
  it.each(plain.map((block) => [here(block), block] as const))('run: %s', (_, block) => {
    const folder = clone();
    const { code, output } = run(block.text, folder, [`${ROOT}node_modules/.bin`]);
    rmSync(folder, { recursive: true });
    expect(output).not.toMatch(/is no (command|setting|flag)/);
    expect(code, output).toBe(0);
  });

  it.each(marked((marker) => marker === 'needs Docker').map((block) => [here(block), block] as const))(
    'are correct shell: %s',
    (_, block) => {
      expect(spawnSync('bash', ['-n', '-c', block.text]).status).toBe(0);
    },
  );
});

describe('the commands that need Prometheus', () => {
  it.each(marked((marker) => marker === 'needs Prometheus').map((block) => [here(block), block] as const))(
    'make a series of what it answers: %s',
    (_, block) => {
      const seriesOf = (dyno: string, megabytes: number) => ({
        metric: { dyno, instance: `${dyno}-boot` },
        values: Array.from({ length: 100 }, (_, index) => [1_764_460_800 + index * 15, String(megabytes * 2 ** 20)]),
      });
      const result = [seriesOf('worker.1', 150), seriesOf('worker.2', 160)];
      writeFileSync(range, JSON.stringify({ status: 'success', data: { resultType: 'matrix', result } }));
      const folder = clone();
      const { code, output } = run(block.text, folder, [standIns(), `${ROOT}node_modules/.bin`]);
      rmSync(folder, { recursive: true });
      expect(code, output).toBe(0);
      expect(output).not.toContain('looks like');
      expect(output.replaceAll(/\s+/g, ' ')).toMatch(/worker\.1: within its quota .* worker\.2: within its quota/);
    },
  );
});

describe('the commands that need Heroku', () => {
  const pages = Map.groupBy(
    marked((marker) => marker === 'needs Heroku'),
    ({ page }) => page,
  );

  /** All such blocks of a page in one shell, as a person runs them. */
  function callsOf(blocks: readonly Block[]): readonly (readonly string[])[] {
    writeFileSync(calls, '');
    const given =
      'ACTUATOR_URL=https://my-tidemark-0123456789ab.herokuapp.com INGEST_TOKEN=0123456789abcdef0123456789abcdef';
    const script = [given, ...blocks.map(({ text }) => text)].join('\n');
    const { code, output } = run(script, sandbox, [standIns()]);
    expect(code, output).toBe(0);
    return readFileSync(calls, 'utf8')
      .split('\n\n')
      .filter((call) => call !== '')
      .map((call) => call.split('\n'));
  }

  /** The config vars that the calls set, by app. */
  function varsOf(made: readonly (readonly string[])[]): ReadonlyMap<string, Record<string, string>> {
    const apps = new Map<string, Record<string, string>>();
    for (const [program, command, ...rest] of made) {
      if (program !== 'heroku' || command !== 'config:set') continue;
      const app = rest[rest.indexOf('-a') + 1] ?? '';
      const pairs = rest
        .filter((word) => word.includes('='))
        .map((word) => [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)]);
      apps.set(app, { ...apps.get(app), ...Object.fromEntries(pairs) });
    }
    return apps;
  }

  it.each([...pages])('run against a stand-in, and set what Tidemark reads without a fault: %s', (_, blocks) => {
    const vars = varsOf(callsOf(blocks));
    const { 'my-tidemark': actuator = {}, 'my-app': worker = {} } = Object.fromEntries(vars);
    // What Heroku sets by itself.
    const redis = { REDIS_URL: 'redis://127.0.0.1:6379', HEROKU_APP_NAME: 'my-app' };
    const addOns = { ...redis, KAFKA_URL: 'kafka+ssl://broker.example:9096' };
    expect(() => resolveActuatorSettings({ env: { ...addOns, ...actuator }, flags: {} })).not.toThrow();
    expect(readWorkerSettings({ ...redis, ...worker }).faults).toEqual([]);
    for (const value of [...vars.values()].flatMap((one) => Object.values(one))) expect(value).not.toBe('');
  });

  it('of the README deploy the actuator, let workers report to it, and restart only what is listed', () => {
    const made = callsOf(pages.get('README.md') ?? []);
    expect(made).toContainEqual(['git', 'push', 'heroku', 'main']);
    const { 'my-tidemark': actuator = {}, 'my-app': worker = {} } = Object.fromEntries(varsOf(made));
    const settings = resolveActuatorSettings({ env: actuator, flags: {} });
    expect(settings.permissions).toMatchObject({ allowed: [{ app: 'my-app', processType: 'worker' }], dryRun: false });
    const [ingest] = settings.ingestTokens;
    expect(worker).toEqual({
      OTEL_EXPORTER_OTLP_ENDPOINT: 'https://my-tidemark-0123456789ab.herokuapp.com',
      OTEL_EXPORTER_OTLP_HEADERS: `Authorization=Bearer%20${ingest?.token}`,
    });
  });
});
