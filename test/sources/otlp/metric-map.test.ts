import { describe, expect, it } from 'vitest';
import type { Point } from '../../../src/model/point.ts';
import { METRIC_MAP, type MetricMap } from '../../../src/settings/metric-map.ts';
import { decodeJson } from '../../../src/sources/otlp/otlp-json.ts';
import { decodeProtobuf } from '../../../src/sources/otlp/otlp-protobuf.ts';
import { vocabularyOf } from '../../../src/sources/otlp/vocabulary.ts';
import { encodeJson, encodeProtobuf, type MetricSpec, type ResourceSpec } from './senders/otlp-encoder.ts';
import { metric, WHOLE, WHOLE_POINT } from './senders/requests.ts';

function mapOf(text: string): MetricMap {
  const parsed = METRIC_MAP.parse(text);
  if (!('value' in parsed)) throw new Error(parsed.faults.join());
  return parsed.value;
}

/** What both encodings come to, which must be the same. */
function pointsOf(map: string | null, resources: readonly ResourceSpec[]): readonly Point[] {
  const vocabulary = vocabularyOf(map === null ? null : mapOf(map));
  const fromProtobuf = decodeProtobuf(encodeProtobuf(resources), vocabulary).rows.map(({ point }) => point);
  expect(decodeJson(encodeJson(resources), vocabulary).rows.map(({ point }) => point)).toEqual(fromProtobuf);
  return fromProtobuf;
}

const resource = (attributes: ResourceSpec['attributes'], ...metrics: readonly MetricSpec[]): ResourceSpec => ({
  attributes,
  scopes: [metrics],
});

/** As the Heroku detector of OpenTelemetry names them; `heroku.dyno.name` is the app's own. */
const HEROKU = {
  'service.name': 'shop',
  'service.instance.id': 'b5e6cd36-boot',
  'service.version': 'v42',
  'heroku.dyno.name': 'sidekiq.1',
};

describe('TIDEMARK_METRIC_MAP', () => {
  it('takes the memory of any SDK by the preset "process", a point for each process', () => {
    const points = pointsOf('process', [
      resource({ ...HEROKU, 'process.pid': 4 }, metric('process.memory.usage', 100)),
      resource({ ...HEROKU, 'process.pid': 70_001 }, metric('process.memory.usage', 200)),
    ]);
    expect(points).toMatchObject([
      {
        boot: {
          app: 'shop',
          dyno: 'sidekiq.1',
          processType: 'sidekiq',
          bootId: 'b5e6cd36-boot',
          bootIdSource: 'platform',
          release: 'v42',
        },
        processId: '4',
        rssBytes: 100,
      },
      { processId: '70001', rssBytes: 200 },
    ]);
  });

  it('takes the memory of a container, and of hostmetrics, by their presets', () => {
    const container = resource(HEROKU, metric('container.memory.usage', 300));
    const host = resource({ ...HEROKU, 'process.pid': 9 }, metric('process.memory.physical_usage', 400));
    expect(pointsOf('container', [container])).toMatchObject([{ treeResidentBytes: 300, rssBytes: null }]);
    expect(pointsOf('hostmetrics', [host])).toMatchObject([{ rssBytes: 400, processId: '9' }]);
    expect(pointsOf('container,hostmetrics', [container, host])).toHaveLength(2);
  });

  it('takes any other names', () => {
    const map = 'usage=dyno.mem, swap=dyno.swap, limit=dyno.quota, dyno=host.name, boot=host.id, app=team.app';
    const attributes = { 'host.name': 'web.2', 'host.id': 'abc', 'team.app': 'blog' };
    const metrics = [metric('dyno.mem', 5), metric('dyno.swap', 6), metric('dyno.quota', 7)];
    expect(pointsOf(map, [resource(attributes, ...metrics)])).toMatchObject([
      {
        boot: { app: 'blog', dyno: 'web.2', bootId: 'abc', processType: 'web' },
        treeResidentBytes: 5,
        treeSwapBytes: 6,
        limitBytes: 7,
      },
    ]);
  });

  it('prefers the first name that a resource has, and its own names to all', () => {
    const map = 'process,app=other.app,dyno=host.name';
    const attributes = { ...HEROKU, 'heroku.app.name': 'own', 'other.app': 'third', 'host.name': 'web.9' };
    const [point] = pointsOf(map, [resource(attributes, metric('process.memory.usage', 1))]);
    expect(point?.boot).toMatchObject({ app: 'own', dyno: 'sidekiq.1' });
  });

  it("leaves Tidemark's own workers as they are", () => {
    expect(pointsOf('process,container,hostmetrics', [WHOLE])).toEqual([WHOLE_POINT]);
  });

  it('is needed: without it such senders have no dyno', () => {
    expect(pointsOf(null, [resource(HEROKU, metric('process.memory.usage', 1))])).toEqual([]);
  });

  it.each([
    ['proces', '"proces" is no preset (process, container, hostmetrics) and not ours=theirs'],
    ['constructor', '"constructor" is no preset'],
    ['heap=a.b', '"heap=a.b": "heap" is none of the metrics rss, usage, swap, limit and none of the attributes app,'],
    ['rss=', '"rss=": "" is not the name of a metric'],
    ['dyno=two words', '"dyno=two words": "two words" is not the name'],
    ['rss=a.b,usage=a.b', 'a.b is mapped to rss and to usage: leave one of them'],
    ['usage=system.memory.usage', 'is the memory of the host'],
    [Array.from({ length: 51 }, (_, index) => `app=a${index}`).join(), 'more than 50 entries'],
  ])('says what is wrong: %s', (text, message) => {
    const parsed = METRIC_MAP.parse(text);
    expect('faults' in parsed ? parsed.faults.join('\n') : 'no fault').toContain(message);
  });
});
