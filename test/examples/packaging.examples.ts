import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { InstalledApp } from './installed-app.ts';

const FIXTURES = fileURLToPath(new URL('../fixtures/packaging', import.meta.url));
const PACKAGE = 'node_modules/tidemark';

describe('the packed package', () => {
  let app: InstalledApp;
  beforeAll(async () => {
    app = await InstalledApp.install(FIXTURES, inject('tarball'));
  });
  afterAll(() => app?.remove());

  /** Runs a program of the application's, or a piece of code; resolves with all it wrote, whatever its exit code. */
  async function node(...args: readonly string[]): Promise<{ code: number; output: string }> {
    const { hostname, port } = new URL(inject('redisUrl'));
    const env = { PATH: process.env.PATH, REDIS_HOST: hostname, REDIS_PORT: port, QUEUE: `queue-${randomUUID()}` };
    try {
      const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { cwd: app.path, env });
      return { code: 0, output: stdout + stderr };
    } catch (error) {
      const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
      return { code, output: stdout + stderr };
    }
  }

  it.each([
    '--module commonjs',
    '--module commonjs --moduleResolution node10',
    '--module node16',
    '--module node18',
    '--module node20',
    '--module nodenext',
    '--module esnext --moduleResolution bundler',
    '--module preserve',
  ])('has types under %s', async (settings) => {
    const options = `--noEmit --strict --target es2022 --esModuleInterop --types node --pretty false ${settings}`;
    const { output } = await node('node_modules/typescript/bin/tsc', ...options.split(' '), 'app.ts', 'wrong.ts');
    // What is wrong is found only where the types are.
    expect(output.match(/^\S+: error \w+/gm)).toEqual(['wrong.ts(5,9): error TS2345', 'wrong.ts(6,15): error TS2345']);
  });

  it('has types under the defaults of TypeScript 5: it compiles for ES5 and checks its libraries', async () => {
    const options = '--noEmit --types node --pretty false --module commonjs'.split(' ');
    const compiled = await node('node_modules/typescript/bin/tsc', ...options, 'app.ts');
    expect(compiled).toEqual({ code: 0, output: '' });
  });

  it.each(['commonjs', 'node16'])('has types for TypeScript 4.9, under --module %s', async (module) => {
    // @types/node no longer compiles there.
    const options = `--noEmit --strict --target es2022 --lib es2022,dom --typeRoots none --module ${module}`;
    const compiled = await node('node_modules/typescript4/bin/tsc', ...options.split(' '), 'declared.ts');
    expect(compiled).toEqual({ code: 0, output: '' });
  });

  it('runs in Jest, in a CommonJS application, and can be mocked there', async () => {
    const { code, output } = await node('node_modules/jest/bin/jest.js');
    expect(output).toMatch(/Tests: +3 passed, 3 total/);
    expect(code).toBe(0);
  });

  it('is one implementation by require and by import', async () => {
    const names = ['tidemark', 'tidemark/register', 'tidemark/actuator'];
    const compare = `Promise.all(${JSON.stringify(names)}.map(async (name) => {
      const [required, imported] = [require(name), await import(name)];
      return Object.keys(required).every((key) => required[key] === imported[key]) && imported.default === required;
    })).then((same) => console.log(same.join()))`;
    expect(await node('--eval', compare)).toEqual({ code: 0, output: 'true,true,true\n' });
  });

  it('holds no source maps, for the sources are not in it', () => {
    const files = globSync('**', { cwd: join(app.path, PACKAGE) });
    expect(files).toContain('dist/cli.js');
    expect(files.filter((file) => file.endsWith('.map') || file.startsWith('src'))).toEqual([]);
  });

  it('installs no system packages', () => {
    const scripts = globSync('dist/**/*.js', { cwd: join(app.path, PACKAGE) });
    const callsApt = (file: string) =>
      /['"`]apt-get['"`]|DEBIAN_FRONTEND/.test(readFileSync(join(app.path, PACKAGE, file), 'utf8'));
    expect(scripts.filter(callsApt)).toEqual([]);
  });
});
