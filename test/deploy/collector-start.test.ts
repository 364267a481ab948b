import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';

const START = fileURLToPath(new URL('../../collector-config/start.sh', import.meta.url));
/** Says how it was started. */
const COLLECTOR = '#!/bin/sh\necho "$@"\necho "brokers=$KAFKA_BROKERS insecure=$KAFKA_INSECURE"\n';
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tidemark-start-'));
  writeFileSync(join(folder, 'tidemark-collector'), COLLECTOR);
  chmodSync(join(folder, 'tidemark-collector'), 0o755);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const started = (env: Readonly<Record<string, string>>) =>
  execFileSync('sh', [START, '--config', '/etc/tidemark/heroku.yaml'], {
    env: { PATH: `${folder}:${process.env.PATH}`, ...env },
    encoding: 'utf8',
  }).split('\n');

it.each([
  [
    'of Heroku',
    'kafka+ssl://ec2-1.example:9096,kafka+ssl://ec2-2.example:9096',
    'ec2-1.example:9096,ec2-2.example:9096',
    '',
  ],
  ['without TLS', 'kafka://broker:9092', 'broker:9092', 'true'],
])('the Collector of the image writes to a Kafka %s that is attached', (_, url, brokers, insecure) => {
  expect(started({ KAFKA_URL: url })).toEqual([
    '--config /etc/tidemark/heroku.yaml --config /etc/tidemark/kafka.yaml',
    `brokers=${brokers} insecure=${insecure}`,
    '',
  ]);
});

it('without one it starts by its own settings', () => {
  expect(started({})).toEqual(['--config /etc/tidemark/heroku.yaml', 'brokers= insecure=', '']);
});
