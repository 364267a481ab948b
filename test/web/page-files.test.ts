import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { createApi } from '../../src/web/api.ts';
import { serveHttp } from '../../src/web/http-server.ts';
import { readPageFiles } from '../../src/web/page-files.ts';
import { actuator } from './actuator.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const SCRIPT = 'export const answer = 42;\n'.repeat(50);

async function served(adminToken: string | null = null) {
  const folder = await mkdtemp(join(tmpdir(), 'page-'));
  cleanups.push(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'index.html'), '<script src="/page/main.js" nonce="{{nonce}}"></script>');
  await writeFile(join(folder, 'main.js'), SCRIPT);
  await mkdir(join(folder, 'view'));
  await writeFile(join(folder, 'view/dom.js'), 'export {};\n');
  await writeFile(join(folder, 'main.ts'), 'a source');
  const page = readPageFiles(folder);
  const admission = {
    adminToken,
    readToken: null,
    startToken: 'start',
    publicUrl: null,
    remoteAddress: () => '127.0.0.1',
  };
  const api = createApi({ control: actuator().control, admission, page, events: null });
  const server = await serveHttp(api, 0);
  cleanups.push(() => server.close());
  return `http://127.0.0.1:${server.port}`;
}

describe('the page', () => {
  it('runs only scripts of its own, by a nonce that no two answers share', async () => {
    const url = await served();
    const nonces = new Set<string>();
    for (let answer = 0; answer < 2; answer += 1) {
      const response = await fetch(url);
      const policy = response.headers.get('content-security-policy') ?? '';
      const nonce = /'nonce-([\w-]+)'/.exec(policy)?.[1] ?? '';
      expect(policy).toContain("default-src 'none'");
      expect(policy).not.toContain('unsafe');
      expect(await response.text()).toContain(`nonce="${nonce}"`);
      expect(response.headers.get('cache-control')).toBe('no-store');
      nonces.add(nonce);
    }
    expect(nonces.size).toBe(2);
  });

  it('has its files compressed, and not sent again while they are the same', async () => {
    const url = await served();
    const raw = await new Promise<{ encoding: unknown; bytes: Buffer }>((resolve, reject) => {
      const headers = { 'accept-encoding': 'gzip' };
      request(`${url}/page/main.js`, { headers }, async (response) => {
        resolve({ encoding: response.headers['content-encoding'], bytes: Buffer.concat(await response.toArray()) });
      })
        .on('error', reject)
        .end();
    });
    expect(raw.encoding).toBe('gzip');
    expect(gunzipSync(raw.bytes).toString()).toBe(SCRIPT);
    expect(raw.bytes.length).toBeLessThan(SCRIPT.length / 5);
    const first = await fetch(`${url}/page/main.js`);
    expect(first.headers.get('content-type')).toContain('javascript');
    const etag = first.headers.get('etag') ?? '';
    const again = await fetch(`${url}/page/main.js`, { headers: { 'if-none-match': etag } });
    expect(again.status).toBe(304);
  });

  it('has the files of its folder and no others', async () => {
    const url = await served();
    expect((await fetch(`${url}/page/view/dom.js`)).status).toBe(200);
    for (const name of ['main.ts', 'index.html', '..%2f..%2fpackage.json', 'view', '']) {
      expect((await fetch(`${url}/page/${name}`)).status, name).toBe(404);
    }
  });

  it('asks a browser for the token, as it does for its files', async () => {
    const url = await served('s3cret');
    for (const path of ['/', '/page/main.js']) {
      const refused = await fetch(`${url}${path}`);
      expect(refused.status).toBe(401);
      expect(refused.headers.get('www-authenticate')).toMatch(/^Basic /);
      const authorization = `Basic ${Buffer.from('anyone:s3cret').toString('base64')}`;
      expect((await fetch(`${url}${path}`, { headers: { authorization } })).status).toBe(200);
    }
  });

  it('gets the lists compressed', async () => {
    const url = await served();
    const response = await fetch(`${url}/api/dynos`, { headers: { 'accept-encoding': 'gzip' } });
    expect(response.headers.get('content-encoding')).toBe('gzip');
    expect(await response.json()).toMatchObject({ total: 1 });
  });

  it('says what to do where it was not built', async () => {
    const answer = readPageFiles(null).index(new Request('http://actuator/'));
    expect(await answer.text()).toContain('npm run build');
  });
});
