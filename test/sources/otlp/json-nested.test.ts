import { describe, expect, it } from 'vitest';
import { METRIC_MAP } from '../../../src/settings/metric-map.ts';
import { decodeJson } from '../../../src/sources/otlp/otlp-json.ts';
import { vocabularyOf } from '../../../src/sources/otlp/vocabulary.ts';
import { readAnswer } from './senders/otlp-answer-reader.ts';
import { JSON_TYPE, send, source, T0 } from './senders/requests.ts';

/** What `String` and `Number` throw for: an object without a usable `toString`, and an array deeper than the stack. */
const NESTED = [
  ['an object', '{"toString":1,"valueOf":2}'],
  ['a deep array', `${'['.repeat(140_000)}${']'.repeat(140_000)}`],
] as const;

const IDENTITY = ['heroku.app.name', 'heroku.dyno.name', 'heroku.dyno.id']
  .map((key) => `{"key":"${key}","value":{"stringValue":"shop"}}`)
  .join();

function request(metric: string, identity = IDENTITY): string {
  return `{"resourceMetrics":[{"resource":{"attributes":[${identity}]},"scopeMetrics":[{"metrics":[${metric}]}]}]}`;
}

function sum(name: string, attribute: string): string {
  const point = `{"timeUnixNano":"${T0}000000","asInt":"5","attributes":[${attribute}]}`;
  return `{"name":"${name}","sum":{"aggregationTemporality":2,"dataPoints":[${point}]}}`;
}

function growth(fields: string): string {
  const point = `{"timeUnixNano":"${T0}000000","count":"1",${fields}}`;
  return `{"name":"bullmq.job.memory.growth","histogram":{"aggregationTemporality":2,"dataPoints":[${point}]}}`;
}

describe.each(NESTED)('%s where JSON of OTLP has a text or a number', (_what, nested) => {
  it.each([
    ['the key of an attribute', request(sum('v8js.memory.heap.used', `{"key":${nested},"value":{"intValue":1}}`))],
    ['the key of a job attribute', request(sum('bullmq.job.memory.net', `{"key":${nested}}`))],
    ['a value', request(sum('v8js.memory.heap.used', `{"key":"x","value":{"intValue":${nested}}}`))],
    ['a sum', request(growth(`"sum":${nested}`))],
    ['a maximum', request(growth(`"max":${nested}`))],
    ['a count', request(growth(`"bucketCounts":[${nested}],"explicitBounds":[]`))],
    ['a bound', request(growth(`"bucketCounts":[1,0],"explicitBounds":[${nested}]`))],
  ])('is refused or passed over, and answered as documented: %s', async (_name, body) => {
    const response = await send(source().otlp, { headers: { 'content-type': JSON_TYPE }, body });
    expect([200, 400]).toContain(response.status);
    await readAnswer(response);
  });

  it('is passed over as the process id of another sender', () => {
    const map = METRIC_MAP.parse('process');
    if (!('value' in map)) throw new Error(map.faults.join());
    const processId = `{"key":"process.pid","value":{"intValue":${nested}}}`;
    const identity = `{"key":"service.name","value":{"stringValue":"shop"}},${processId}`;
    const usage = sum('process.memory.usage', '{"key":"x","value":{"intValue":1}}');
    expect(decodeJson(request(usage, identity), vocabularyOf(map.value)).invalid).toBe(0);
  });
});
