import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const read = (path: string) => readFileSync(`${ROOT}${path}`, 'utf8');

interface Service {
  readonly image?: string;
  readonly build?: string | { readonly target: string };
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
  readonly healthcheck?: object;
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
}

const compose: { readonly services: Readonly<Record<string, Service>>; readonly volumes: object } = parse(
  read('docker-compose.yml'),
);
const services = Object.entries(compose.services);
const dockerfile = read('Dockerfile');

describe('docker-compose.yml', () => {
  it('has all that the stream needs', () => {
    const names = ['redis', 'collector', 'prometheus', 'grafana', 'actuator', 'worker'];
    expect(Object.keys(compose.services).sort()).toEqual(names.sort());
  });

  it.each(services)('pins the image of %s, or builds it', (_, { image, build }) => {
    if (build === undefined) expect(image).toMatch(/^[\w/-]+:v?\d+\.\d+\.\d+(-\w+)?$/);
    else if (typeof build === 'string') expect(existsSync(`${ROOT}${build}/Dockerfile`)).toBe(true);
    else expect(dockerfile).toMatch(new RegExp(`^FROM .* AS ${build.target}$`, 'm'));
  });

  it.each(services)('knows whether %s is healthy', (_, { healthcheck, build }) => {
    const byImage = typeof build === 'object' && build.target === 'actuator' && dockerfile.includes('HEALTHCHECK');
    expect(healthcheck !== undefined || byImage).toBe(true);
  });

  it.each(services)('starts %s after services that it has, when they are healthy', (_, { depends_on = {} }) => {
    for (const [name, { condition }] of Object.entries(depends_on)) {
      expect(Object.keys(compose.services)).toContain(name);
      expect(condition).toBe('service_healthy');
    }
  });

  it.each(services)('gives %s no secret of its own, and shows its ports to this machine only', (_, service) => {
    for (const [name, value] of Object.entries(service.environment ?? {})) {
      if (/TOKEN|PASSWORD|HEADERS/.test(name)) expect(value).toMatch(/\$\{[A-Z_]+:\?run "sh deploy\/env\.sh" first\}$/);
    }
    for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/);
  });

  it.each(services)('mounts into %s what there is', (_, { volumes = [] }) => {
    for (const volume of volumes) {
      const source = volume.split(':')[0] ?? '';
      if (source.startsWith('.')) expect(existsSync(`${ROOT}${source}`), source).toBe(true);
      else expect(Object.keys(compose.volumes)).toContain(source);
    }
  });

  it('needs exactly the secrets that deploy/env.sh makes', () => {
    const needed = new Set([...read('docker-compose.yml').matchAll(/\$\{([A-Z_]+):\?/g)].map(([, name]) => name));
    const made = /for name in ([A-Z_ ]+);/.exec(read('deploy/env.sh'))?.[1]?.split(' ');
    expect([...needed].sort()).toEqual(made?.sort());
  });
});

describe.each([
  ['Dockerfile', ''],
  ['collector-config/Dockerfile', 'collector-config/'],
])('%s', (path, context) => {
  const lines = read(path).split('\n');
  it('copies only what there is, and what the context lets through', () => {
    const kept = read('.dockerignore')
      .split('\n')
      .flatMap((line) => (line.startsWith('!') ? [line.slice(1)] : []));
    const isKept = (path: string) => kept.some((one) => path === one || path.startsWith(`${one}/`));
    for (const line of lines.filter((one) => one.startsWith('COPY ') && !one.includes('--from='))) {
      for (const source of line.split(' ').slice(1, -1)) {
        expect(existsSync(`${ROOT}${context}${source}`), source).toBe(true);
        if (context === '') expect(isKept(source.replace(/^\.\//, '')), source).toBe(true);
      }
    }
  });

  it('pins what it builds on, and does not run as root', () => {
    const stages = new Set(lines.flatMap((line) => / AS (\S+)$/.exec(line)?.[1] ?? []));
    for (const line of lines.filter((one) => one.startsWith('FROM '))) {
      const image = line.split(' ')[1] ?? '';
      if (!stages.has(image)) expect(image).toMatch(/^\w+:\d+\.\d+\.\d+(-[\w.-]+)?$/);
    }
    const last = lines.lastIndexOf(lines.findLast((line) => line.startsWith('FROM ')) ?? '');
    expect(lines.slice(last).some((line) => /^USER (?!root)/.test(line))).toBe(true);
  });
});

it('Dockerfile makes the same dist as `npm run build`', () => {
  const { scripts }: { scripts: { build: string } } = JSON.parse(read('package.json'));
  const steps = scripts.build.split(' && ').filter((step) => /^(tsc|node) /.test(step));
  expect(steps).not.toEqual([]);
  const build = dockerfile.split(/^FROM /m)[1];
  for (const step of steps) expect(build).toContain(step);
});
