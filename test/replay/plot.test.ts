import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { defaultPolicy } from '../../src/config/policy.ts';
import { type Panel, panelsOf, plotSvg } from '../../src/replay/plot.ts';
import { type Judged, replay } from '../../src/replay/replay.ts';
import { readSeries } from '../../src/replay/series-file.ts';

const CLI = fileURLToPath(new URL('../../src/cli.ts', import.meta.url));
const MIB = 1024 ** 2;
const MINUTE_S = 60;
const PLOT_HEIGHT_PX = 260;

interface Series {
  readonly minutes: number;
  readonly everyS?: number;
  readonly dyno?: string;
  readonly usageMb: (minute: number) => number;
}

function rowsOf({ minutes, everyS = 10, dyno = '', usageMb }: Series): readonly string[] {
  return Array.from({ length: Math.floor((minutes * MINUTE_S) / everyS) + 1 }, (_, index) => {
    const seconds = index * everyS;
    return `${1_700_000_000_000 + seconds * 1000},${Math.round(usageMb(seconds / MINUTE_S) * MIB)},${dyno}`;
  });
}

function csvOf(...series: readonly Series[]): string {
  return ['time_ms,rss_bytes,dyno', ...series.flatMap(rowsOf), ''].join('\n');
}

interface Plotted {
  readonly svg: string;
  readonly panels: readonly Panel[];
  readonly judged: readonly Judged[];
}

function plot(csv: string, file = 'series.csv'): Plotted {
  const rows = readSeries(csv, file);
  const judged: Judged[] = [];
  const options = { policy: defaultPolicy(), quotaBytes: 512 * MIB };
  replay(
    rows,
    options,
    () => undefined,
    (moment) => judged.push(moment),
  );
  const panels = panelsOf(file, rows, judged);
  return { svg: plotSvg(panels), panels, judged };
}

/** Level at 140 MB, then four steps; after the last it stays over the soft limit. */
const STAIRS: Series = {
  minutes: 180,
  usageMb: (minute) => 140 + [40, 65, 90, 115].filter((at) => minute >= at).length * 75,
};
const LEAK: Series = { minutes: 300, usageMb: (minute) => 140 + 0.8 * minute };
const FLAT: Series = { minutes: 60, usageMb: () => 150 };
/** Ends just after a tooth has fallen, before anything can be known of the next rise. */
const TEETH: Series = { minutes: 304, usageMb: (minute) => 150 + 4 * (minute % 30) };

function groupsOf(svg: string, name: string): readonly string[] {
  return [...svg.matchAll(new RegExp(`<g class="${name}".*?</g>`, 'gs'))].map(([group]) => group);
}

function usagePoints(svg: string): readonly (readonly [x: number, y: number])[] {
  const points = /class="usage"[^>]* points="([^"]*)"/.exec(svg)?.[1] ?? '';
  return points.split(' ').map((point) => {
    const [x = Number.NaN, y = Number.NaN] = point.split(',').map(Number);
    return [x, y] as const;
  });
}

/**
 * An element that is not closed or closed in the wrong place, or an "&" that starts no entity; null if there is none.
 */
function xmlFault(xml: string): string | null {
  const open: string[] = [];
  for (const [tag, slash, name = '', rest = ''] of xml.matchAll(/<(\/?)([\w:]+)((?:\s+[\w:-]+="[^"<]*")*\s*\/?)>/g)) {
    if (slash === '/' && open.pop() !== name) return `${tag} closes what is not open`;
    if (slash === '' && !rest.endsWith('/')) open.push(name);
  }
  const plain = xml.replace(/<\/?[\w:]+(?:\s+[\w:-]+="[^"<]*")*\s*\/?>/g, '');
  if (/[<>]/.test(plain)) return `"${/.{0,20}[<>].{0,20}/.exec(plain)?.[0]}" is no tag`;
  if (/&(?!(?:amp|lt|gt|quot|#39);)/.test(xml)) return 'an "&" begins no entity';
  return open.length === 0 ? null : `${open.join(', ')} not closed`;
}

describe('a plot of a replay', () => {
  it('marks each restart with its reason and its sentence', () => {
    const { svg, judged } = plot(csvOf(STAIRS));
    const restarts = judged.map(({ decision }) => decision).filter(({ action }) => action === 'restart');
    const marks = groupsOf(svg, 'restart');
    expect(restarts.length).toBeGreaterThan(0);
    expect(marks.length).toBe(restarts.length);
    restarts.forEach(({ reason, explanation }, index) => {
      expect(marks[index]).toContain(`<title>${reason}: ${explanation}</title>`);
    });
    expect(marks[0]).toMatch(/>(1 sustained-over-soft-limit|sustained-over-soft-limit 1)<\/text>/);
    expect(svg).toMatch(/<text[^>]*>1 {2}after 2(\.\d)? h, sustained-over-soft-limit: floor/);
  });

  it('says that a recorded series continues after a restart, unless the restarts were really made', () => {
    const { svg, panels, judged } = plot(csvOf(STAIRS));
    expect(judged.filter(({ decision }) => decision.action === 'restart').length).toBeGreaterThan(1);
    expect(svg).toContain('The series continues as it was recorded');
    expect(svg).toContain('>would restart, and why</text>');
    const closed = plotSvg(panels, 'closed');
    expect(closed).not.toContain('as it was recorded');
    expect(closed).toContain('>restarted, and why</text>');
    expect(groupsOf(closed, 'restart')).toEqual(groupsOf(svg, 'restart'));
  });

  it('names the last decision of a series without a restart', () => {
    const { svg } = plot(csvOf(FLAT));
    expect(groupsOf(svg, 'restart')).toEqual([]);
    expect(svg).toContain('No restart. At the end: healthy, no-growth: ');
  });
});

describe('steps, bands and limits of a plot', () => {
  it('marks each step, and none in a flat series, a sawtooth or a start', () => {
    const titles = groupsOf(plot(csvOf(STAIRS)).svg, 'step').map((step) => /<title>(.*?)</.exec(step)?.[1]);
    expect(titles).toHaveLength(4);
    expect(titles[0]).toMatch(/^step after 4[0-4] min: the floor rises to 215 MB$/);
    expect(titles[3]).toMatch(/^step after (1\.9|2) h: the floor rises to 440 MB$/);
    for (const series of [FLAT, TEETH, { minutes: 60, usageMb: (minute: number) => 60 + 10 * Math.min(minute, 9) }])
      expect(groupsOf(plot(csvOf(series)).svg, 'step')).toEqual([]);
  });

  it('marks no steps once the floor is known to rise all the time', () => {
    const { svg } = plot(csvOf(LEAK));
    const leakFrom = /data-class="leak".*?<rect x="([\d.]+)"/.exec(svg)?.[1];
    const steps = groupsOf(svg, 'step').map((step) => Number(/<path d="M([\d.]+) /.exec(step)?.[1]));
    expect(steps.filter((x) => !(x < Number(leakFrom)))).toEqual([]);
  });

  it('has bands that follow the classes, without a gap, and a legend that names them', () => {
    const { svg, judged } = plot(csvOf(STAIRS));
    const classes = judged.map(({ decision }) => decision.class);
    const changes = classes.filter((name, index) => name !== classes[index - 1]);
    const bands = groupsOf(svg, 'band');
    expect(bands.map((band) => /data-class="(\w+)"/.exec(band)?.[1])).toEqual(changes);
    const spans = bands.map((band) => {
      const [, x = '', width = ''] = /<rect x="([\d.]+)" y="[\d.]+" width="([\d.]+)"/.exec(band) ?? [];
      return { from: Number(x), to: Number(x) + Number(width) };
    });
    spans.slice(1).forEach(({ from }, index) => {
      expect(from).toBeCloseTo(spans[index]?.to ?? 0, 5);
    });
    expect(spans.at(-1)?.to).toBeCloseTo(890, 5);
    const legend = /<g class="legend">.*?\n<\/g>/s.exec(svg)?.[0] ?? '';
    for (const name of new Set(classes)) expect(legend).toContain(`>${name}</text>`);
  });

  it('names the limits; equal ones share a label', () => {
    const { svg } = plot(csvOf(FLAT));
    expect(svg).toContain('>quota, hard limit 512 MB</text>');
    expect(svg).toContain('>soft limit 410 MB</text>');
  });
});

describe('the document of a plot', () => {
  it('keeps a spike of one sample when it thins', () => {
    const spikeAt = 20_003 / 60;
    const usageMb = (minute: number) => (Math.abs(minute - spikeAt) < 1e-6 ? 500 : 150 + (minute % 2));
    const points = usagePoints(plot(csvOf({ minutes: 800, everyS: 1, usageMb })).svg);
    const ys = points.map(([, y]) => y).sort((one, other) => one - other);
    expect(points.length).toBeLessThan(2000);
    expect((ys[1] ?? 0) - (ys[0] ?? 0)).toBeGreaterThan(PLOT_HEIGHT_PX / 2);
  });

  it('stays in order of time when it thins', () => {
    const xs = usagePoints(plot(csvOf({ minutes: 100, everyS: 1, usageMb: (minute) => 150 + ((minute * 7) % 5) })).svg);
    expect(xs.map(([x]) => x)).toEqual(xs.map(([x]) => x).sort((one, other) => one - other));
  });

  it('has one panel for each dyno, on one axis of time', () => {
    const { svg } = plot(csvOf({ ...FLAT, dyno: 'worker.1' }, { ...FLAT, minutes: 30, dyno: 'worker.2' }));
    expect(svg.match(/<g class="panel">/g)).toHaveLength(2);
    expect(svg).toContain('>series.csv · worker.1</text>');
    expect(svg).toContain('>series.csv · worker.2</text>');
    const [last] =
      /class="usage"[^>]* points="[^"]* ([\d.]+),[\d.]+"(?![\s\S]*class="usage")/.exec(svg)?.slice(1) ?? [];
    expect(Number(last)).toBe(480);
  });

  it('escapes names', () => {
    const { svg } = plot(csvOf({ ...FLAT, dyno: "<script>&\u0000'" }), 'a<b>&"c".csv');
    expect(svg).toContain('a&lt;b&gt;&amp;&quot;c&quot;.csv · &lt;script&gt;&amp;\u{FFFD}&#39;');
    expect(svg).not.toContain('<script>');
    expect(xmlFault(svg)).toBeNull();
  });

  it('is well-formed XML without NaN or Infinity, for any series', () => {
    const usage = fc.array(fc.record({ stepMs: fc.nat(400_000), bytes: fc.nat(2 ** 30) }), { minLength: 1 });
    fc.assert(
      fc.property(usage, fc.string(), (samples, file) => {
        let timeMs = 0;
        const rows = samples.map(({ stepMs, bytes }) => {
          timeMs += stepMs;
          return `${timeMs},${bytes}`;
        });
        const { svg } = plot(['time_ms,rss_bytes', ...rows].join('\n'), file);
        expect(xmlFault(svg)).toBeNull();
        expect(svg).not.toMatch(/="[^"]*(NaN|Infinity|undefined)/);
        expect(svg).not.toMatch(/(width|height)="-/);
      }),
      { numRuns: 50 },
    );
  });
});

describe('tidemark replay --plot', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tidemark-plot-'));
    writeFileSync(join(folder, 'series.csv'), csvOf(STAIRS));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function run(...args: readonly string[]) {
    return spawnSync(process.execPath, [CLI, 'replay', ...args], { cwd: folder, encoding: 'utf8' });
  }

  it('writes the file and says so last', () => {
    const { status, stdout } = run('series.csv', '--quota', '512MiB', '--plot', 'out.svg');
    expect(status).toBe(0);
    expect(stdout).toMatch(/\nplot: out\.svg\n$/);
    expect(readFileSync(join(folder, 'out.svg'), 'utf8')).toMatch(/^<svg [\s\S]*<\/svg>\n$/);
  });

  it('does not change the output for programs', () => {
    const without = run('series.csv', '--json', '--quota', '512MiB');
    const { status, stdout } = run('series.csv', '--json', '--quota', '512MiB', '--plot', 'out.svg');
    expect(status).toBe(0);
    expect(stdout).toBe(without.stdout);
    expect(existsSync(join(folder, 'out.svg'))).toBe(true);
  });

  it.each([
    [['series.csv', '--plot'], '--plot needs a value'],
    [['series.csv', '--plot='], '--plot needs the path'],
    [['series.csv', '--plot', '--json'], '--plot needs the path'],
    [['--plot=', '--quota', '5'], '3 settings are wrong'],
    [['series.csv', '--plot', './series.csv'], 'would be lost'],
    [['series.csv', '--plot', 'nowhere/out.svg'], '--plot: nowhere/out.svg cannot be written (ENOENT)'],
  ])('refuses %j', (args, message) => {
    const { status, stderr } = run(...args);
    expect(status).toBe(2);
    expect(stderr).toContain(message);
    expect(readFileSync(join(folder, 'series.csv'), 'utf8')).toBe(csvOf(STAIRS));
  });
});
