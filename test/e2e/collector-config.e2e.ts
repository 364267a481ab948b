import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { COMPOSE_CONFIG_PATH, findCollector, HEROKU_CONFIG_PATH } from '../../src/testbed/servers/collector-binary.ts';

const run = promisify(execFile);

const NEEDED_BY_BOTH = {
  PORT: '4318',
  COLLECTOR_INGEST_TOKEN: 'in',
  COLLECTOR_ACTUATOR_TOKEN: 'out',
  ACTUATOR_URL: 'https://actuator.example',
};
const PEOPLE = { PEOPLE_OTLP_ENDPOINT: 'https://otlp.example/otlp', PEOPLE_OTLP_AUTHORIZATION: 'Basic eA==' };

async function validate(path: string, env: Readonly<Record<string, string>>): Promise<string> {
  const binary = await findCollector();
  if (binary === null) throw new Error('The Collector is not built: run "npm run build:collector".');
  const result = await run(binary, ['validate', '--config', path], { env }).catch((error: { stderr: string }) => error);
  return result.stderr;
}

describe('the configurations of the Collector', () => {
  it.each([
    ['for docker compose', COMPOSE_CONFIG_PATH, NEEDED_BY_BOTH],
    ['for a Heroku web dyno', HEROKU_CONFIG_PATH, { ...NEEDED_BY_BOTH, ...PEOPLE }],
  ])('%s are valid', async (_, path, env) => {
    expect(await validate(path, env)).not.toMatch(/error/i);
  });

  it.each([
    ['for docker compose', COMPOSE_CONFIG_PATH, {}],
    ['for a Heroku web dyno', HEROKU_CONFIG_PATH, NEEDED_BY_BOTH],
  ])('%s are refused when a setting is missing', async (_, path, env) => {
    expect(await validate(path, env)).toMatch(/error/i);
  });
});
