import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readPageFiles } from '../../../src/web/page-files.ts';
import type { Attempt } from '../../../src/web/schema/attempt.ts';
import type { DynoInList } from '../../../src/web/schema/dyno.ts';
import type { TargetJobs } from '../../../src/web/schema/jobs.ts';
import type { Status } from '../../../src/web/schema/status.ts';
import { detailOfAttempt, makeStatus, someAttempts, someJobs } from './answers.ts';
import { detailOf, smallFleet } from './fleet.ts';

/** What the scripted actuator answers; a test changes it as it goes. */
export interface Script {
  dynos: readonly DynoInList[];
  /** Null: made from the dynos. */
  status: Status | null;
  attempts: readonly Attempt[];
  jobs: readonly TargetJobs[];
  /** Answers to `/api/events`: a stream, or a refusal. */
  events: 'stream' | 'refuse';
  /** Every route of the API answers with this status. */
  refuseWith: number | null;
}

export interface ScriptedActuator {
  readonly url: string;
  readonly script: Script;
  /** Requests so far, as `GET /api/status`. */
  readonly requests: readonly string[];
  /** Bodies of the POST requests, as text. */
  readonly posts: readonly string[];
  /** Sends an event on every open stream. */
  send(name: string, data: unknown): void;
  /** Breaks every open stream. */
  breakStreams(): void;
  close(): Promise<void>;
}

const DYNOS_A_PAGE = 100;

/** The real files of the page, with their real headers, over an API that says what a test wants. */
export async function startScriptedActuator(pageFolder: string, over: Partial<Script> = {}): Promise<ScriptedActuator> {
  const script: Script = {
    dynos: smallFleet(),
    status: null,
    attempts: someAttempts(),
    jobs: someJobs(),
    events: 'stream',
    refuseWith: null,
    ...over,
  };
  const files = readPageFiles(pageFolder);
  const streams = new Set<ServerResponse>();
  const requests: string[] = [];
  const posts: string[] = [];
  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    requests.push(`${request.method} ${url.pathname}`);
    if (request.method === 'POST') posts.push(await bodyOf(request));
    if (!url.pathname.startsWith('/api/')) return void (await sendFile(files, request, url, response));
    if (script.refuseWith !== null) return sendJson(response, script.refuseWith, refusal('refused'));
    if (url.pathname === '/api/events') {
      if (script.events === 'refuse') return sendJson(response, 503, refusal('no stream'));
      response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
      response.write(': hello\n\n');
      streams.add(response);
      response.on('close', () => streams.delete(response));
      return;
    }
    const answer = answerOf(script, url, request.method ?? 'GET');
    sendJson(response, answer === null ? 404 : 200, answer ?? refusal('There is nothing here.'));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    script,
    requests,
    posts,
    send: (name, data) => {
      for (const stream of streams)
        stream.write(`id: 1-${requests.length}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
    },
    breakStreams: () => {
      for (const stream of streams) stream.destroy();
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function answerOf(script: Script, url: URL, method: string): unknown {
  const [, , name = '', id = '', dyno = '', action = ''] = url.pathname.split('/').map(decodeURIComponent);
  if (name === 'status') return script.status ?? makeStatus(script.dynos);
  if (name === 'jobs') return { targets: script.jobs };
  if (name === 'pause' || name === 'resume') return { [`${name}d`]: 'all', known: true };
  if (name === 'attempts' && id === '') return { attempts: script.attempts };
  if (name === 'attempts') {
    const attempt = script.attempts.find((one) => one.id === id);
    return attempt === undefined ? null : detailOfAttempt(attempt);
  }
  if (name !== 'dynos') return null;
  if (id === '') return pageOf(script, url.searchParams);
  if (action === 'restart' && method === 'POST') return { attempt_id: 'a9', dry_run: false };
  const found = script.dynos.find((one) => one.app === id && one.dyno === dyno);
  return found === undefined ? null : detailOf(found);
}

function pageOf({ dynos }: Script, query: URLSearchParams): unknown {
  const from = Number(query.get('cursor') ?? 0);
  const limit = Number(query.get('limit') ?? DYNOS_A_PAGE);
  const curves = Number(query.get('curve') ?? 0) > 0;
  const page = dynos.slice(from, from + limit).map((dyno) => (curves ? dyno : { ...dyno, curve: null, marks: [] }));
  const next = from + limit < dynos.length ? String(from + limit) : null;
  return { dynos: page, total: dynos.length, next_cursor: next };
}

function refusal(message: string): unknown {
  return { error: { code: 'refused', message } };
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

async function sendFile(
  files: ReturnType<typeof readPageFiles>,
  request: IncomingMessage,
  url: URL,
  response: ServerResponse,
): Promise<void> {
  const asked = new Request(url, { headers: request.headers as Record<string, string> });
  const name = url.pathname.replace(/^\/page\//, '');
  const found = url.pathname === '/' ? files.index(asked) : files.file(name, asked);
  if (found === null) return void response.writeHead(404).end();
  response.writeHead(found.status, Object.fromEntries(found.headers));
  response.end(new Uint8Array(await found.arrayBuffer()));
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
}
