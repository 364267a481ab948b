import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Answer, failure, ok } from '../../src/testbed/dyno-manager/api/answer.ts';
import { type ApiParts, answerOf } from '../../src/testbed/dyno-manager/api/api.ts';
import { RateLimit } from '../../src/testbed/dyno-manager/api/rate-limit.ts';
import { dynoSizes } from '../../src/testbed/dyno-manager/dyno/dyno-sizes.ts';
import { buildWithNpm, HostedApp } from './hosted-app.ts';
import { type SetupParts, setupAnswer } from './platform-api.ts';

export interface HerokuOptions {
  /** Makes a checked-out commit runnable; default: installs, builds and prunes with npm. */
  readonly build?: (slug: string) => Promise<string>;
  /** How many dynos the process types of an app have, by app; default: one web dyno. */
  readonly quantities?: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly output?: (line: string) => void;
}

/** Heroku on this machine: apps are made, configured and pushed as there, and run by the dyno manager. */
export interface Heroku {
  readonly url: string;
  readonly apps: ReadonlyMap<string, HostedApp>;
  /** What `heroku create` does. */
  create(name: string): Promise<HostedApp>;
  /** What a person's shell needs, so that `heroku` and `git push` come here. */
  readonly env: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

const PERSON = 'HRKU-person';

export async function startHeroku(options: HerokuOptions = {}): Promise<Heroku> {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-heroku-'));
  const apps = new Map<string, HostedApp>();
  const parts: SetupParts = {
    apps,
    tokens: new Map([[PERSON, ['global']]]),
    create: async (name) => {
      const app = await HostedApp.create({
        name,
        folder,
        apiUrl: url(),
        build: options.build ?? buildWithNpm,
        ...(options.quantities?.[name] === undefined ? {} : { quantities: options.quantities[name] }),
        output: options.output ?? (() => {}),
      });
      apps.set(name, app);
      writeFileSync(join(app.repository, 'hooks/post-receive'), hookOf(`${url()}/git/${name}`), { mode: 0o755 });
      return app;
    },
  };
  const rateLimit = new RateLimit(4_500, 75, Date.now());
  const server = createServer((request, response) => {
    void serve(parts, rateLimit, request).then(
      (answer) => send(response, answer),
      (error: unknown) => send(response, failure(422, { message: String(error) })),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: url(),
    apps,
    create: parts.create,
    env: environment(url(), folder),
    async stop() {
      await Promise.all([...apps.values()].map((app) => app.stop()));
      server.close();
      server.closeAllConnections();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The CLI writes its files and git's global configuration into `HOME`. */
function environment(url: string, folder: string): Readonly<Record<string, string>> {
  return {
    HOME: folder,
    HEROKU_HOST: url,
    HEROKU_GIT_HOST: 'git.heroku.com',
    HEROKU_API_KEY: PERSON,
    HEROKU_API_URL: url,
    HEROKU_SKIP_NEW_VERSION_CHECK: 'true',
    DISABLE_TELEMETRY: 'true',
    GIT_CONFIG_COUNT: '1',
    GIT_CONFIG_KEY_0: `url.${folder}/.insteadOf`,
    GIT_CONFIG_VALUE_0: 'https://git.heroku.com/',
  };
}

/** Prints what the build prints, to whoever pushes. */
function hookOf(address: string): string {
  const script = `fetch('${address}', { method: 'POST', headers: { authorization: 'Bearer ${PERSON}' } })
    .then((answer) => answer.text()).then((text) => process.stdout.write(text))`;
  return `#!/bin/sh\nexec "${process.execPath}" -e "${script}"\n`;
}

async function serve(parts: SetupParts, rateLimit: RateLimit, request: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  const { method = '', url = '/', headers } = request;
  const path = url.replace(/\?.*$/, '');
  const scopes = parts.tokens.get(tokenOf(headers.authorization));
  if (scopes === undefined) return failure(401);
  const [, pushed] = /^\/git\/(.+)$/.exec(path) ?? [];
  if (pushed !== undefined) return ok((await parts.apps.get(pushed)?.deploy()) ?? 'no such app\n');
  const body = text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
  const answer = await setupAnswer(parts, { method, path, body, scopes });
  if (answer !== null) return answer;
  const known: ApiParts = {
    apps: [...parts.apps.values()].map(({ app }) => app),
    sizes: dynoSizes([]),
    token: tokenOf(headers.authorization),
    scopes,
    tokenExpiresInS: null,
    rateLimit,
    unknownDyno: 'not-found',
    webhookUrl: null,
  };
  const { authorization, accept, range } = headers;
  return answerOf(known, { method, path, authorization, accept, range });
}

function tokenOf(authorization: string | undefined): string {
  return /^bearer (.+)$/i.exec(authorization ?? '')?.[1] ?? '';
}

function send(response: ServerResponse, { status, body, headers, effect }: Answer): void {
  const isText = typeof body === 'string';
  response.writeHead(status, { 'Content-Type': isText ? 'text/plain' : 'application/json', ...headers });
  response.end(isText ? body : JSON.stringify(body), () => effect?.());
}
