import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { resolveActuatorSettings } from '../../src/config/resolve.ts';
import { ALL_SETTINGS } from '../../src/settings/settings.ts';
import { readPage, trackedFiles } from '../docs/pages.ts';

/** What Heroku documents of app.json (devcenter.heroku.com/articles/app-json-schema): other fields are faults. */
const APP_JSON = z.strictObject({
  name: z.string().min(3).max(30),
  description: z.string().max(140),
  keywords: z.array(z.string()),
  website: z.url().optional(),
  repository: z.url().optional(),
  logo: z.url().optional(),
  success_url: z.string(),
  stack: z.enum(['heroku-22', 'heroku-24', 'heroku-26']),
  buildpacks: z.array(z.strictObject({ url: z.string() })),
  formation: z.record(
    z.string(),
    z.strictObject({
      quantity: z.int().min(0),
      size: z.enum(['eco', 'basic', 'standard-1x', 'standard-2x', 'performance-m', 'performance-l']),
    }),
  ),
  addons: z.array(z.strictObject({ plan: z.string(), as: z.string().optional(), options: z.object().optional() })),
  env: z.record(
    z.string().regex(/^[A-Z][A-Z0-9_]*$/),
    z.strictObject({
      description: z.string(),
      value: z.string().optional(),
      required: z.boolean().optional(),
      generator: z.literal('secret').optional(),
    }),
  ),
});
/** What Heroku documents of heroku.yml (devcenter.heroku.com/articles/build-docker-images-heroku-yml). */
const HEROKU_YML = z.strictObject({
  setup: z.object().optional(),
  build: z.strictObject({ docker: z.record(z.string(), z.string()), config: z.object().optional() }),
  release: z.object().optional(),
  run: z.object().optional(),
});

const app = APP_JSON.parse(JSON.parse(readPage('app.json')));
const env = Object.entries(app.env);

describe('app.json', () => {
  it('sets only settings that the actuator reads', () => {
    const read = ALL_SETTINGS.filter(({ readBy }) => readBy.includes('actuator')).map(({ name }) => name);
    expect(env.map(([name]) => name).filter((name) => !read.includes(name))).toEqual([]);
  });

  it('generates secrets or asks for them, and brings none along', () => {
    const secrets = ALL_SETTINGS.filter(({ value }) => !value.isShown).map(({ name }) => name);
    const isSafe = ([name, given]: (typeof env)[number]) => !secrets.includes(name) || given.value === undefined;
    expect(env.filter((entry) => !isSafe(entry))).toEqual([]);
    expect(app.env.TIDEMARK_ADMIN_TOKEN).toMatchObject({ generator: 'secret' });
  });

  it('starts an actuator that restarts nothing, and no review app starts without its own answers', () => {
    const values = env.flatMap(([name, { value }]) => (value === undefined ? [] : [[name, value]]));
    const { permissions } = resolveActuatorSettings({ env: Object.fromEntries(values), flags: {} });
    expect(permissions).toMatchObject({ allowed: [], dryRun: true });
    for (const name of ['HEROKU_API_TOKEN', 'TIDEMARK_TARGETS'])
      expect(app.env[name]).toEqual({ description: expect.any(String), required: true });
  });

  it('runs one dyno that does not sleep of a process type of the Procfile, with a Redis that keeps its data', () => {
    const types = [...readPage('Procfile').matchAll(/^([\w-]+):/gm)].map(([, type]) => type);
    expect(Object.keys(app.formation)).toEqual(types);
    expect(app.formation).toMatchObject({ web: { quantity: 1, size: expect.not.stringMatching('eco') } });
    expect(app.addons.map(({ plan }) => plan)).toEqual([expect.stringMatching(/^heroku-redis:premium-\d+$/)]);
  });
});

describe("the Collector's app", () => {
  const folder = 'collector-config';

  it('is a container app of its own folder, apart from the actuator at the root', () => {
    const { build } = HEROKU_YML.parse(parse(readPage(`${folder}/heroku.yml`)));
    expect(build.docker).toEqual({ web: 'Dockerfile' });
    expect(trackedFiles()).not.toContain('heroku.yml');
    expect(readPage('docs/setup/collector.md')).toContain(`git subtree push --prefix ${folder} collector main`);
  });

  it('is built of files in that folder alone', () => {
    const copied = [...readPage(`${folder}/Dockerfile`).matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(
      ([, sources = '']) => sources.split(' '),
    );
    expect(copied.length).toBeGreaterThan(1);
    expect(copied.filter((file) => !trackedFiles().includes(`${folder}/${file}`))).toEqual([]);
  });
});
