import type { Attempt, AttemptDetail } from '../../web/schema/attempt.ts';
import type { DynoDetail, DynoInList } from '../../web/schema/dyno.ts';
import type { TargetJobs } from '../../web/schema/jobs.ts';
import type { Status } from '../../web/schema/status.ts';

/** The actuator answered with a refusal, or not at all (`status` 0). */
export class ApiFault extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

const REQUEST_LIMIT_MS = 15_000;
/** Moments in the curve of a row: about one for every 4 pixels. */
const CURVE_POINTS = 120;
const PAGE_DYNOS = 100;

export const api = {
  status: () => get<Status>('/api/status'),
  jobs: async () => (await get<{ targets: readonly TargetJobs[] }>('/api/jobs')).targets,
  attempts: async () => (await get<{ attempts: readonly Attempt[] }>('/api/attempts?limit=100')).attempts,
  attempt: (id: string) => get<AttemptDetail>(`/api/attempts/${encodeURIComponent(id)}`),
  dyno: (app: string, dyno: string) => get<DynoDetail>(dynoPath(app, dyno)),
  allDynos,
  restart: (app: string, dyno: string) =>
    post<{ attempt_id: string; dry_run: boolean }>(`${dynoPath(app, dyno)}/restart`, undefined),
  pause: (target: string | null) => post<{ paused: string }>('/api/pause', { target }),
  resume: (target: string | null) => post<{ resumed: string }>('/api/resume', { target }),
};

interface DynoPage {
  readonly dynos: readonly DynoInList[];
  readonly next_cursor: string | null;
}

/**
 * Every dyno, page by page, so that the first rows show while the others are on their way.
 *
 * @param withCurves false: what a poll needs, a tenth of the bytes
 */
async function* allDynos(withCurves: boolean): AsyncGenerator<readonly DynoInList[]> {
  const query = withCurves ? `curve=${CURVE_POINTS}&limit=${PAGE_DYNOS}` : 'limit=1000';
  let cursor: string | null = null;
  do {
    const from: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const page: DynoPage = await get<DynoPage>(`/api/dynos?${query}${from}`);
    yield page.dynos;
    cursor = page.next_cursor;
  } while (cursor !== null);
}

function dynoPath(app: string, dyno: string): string {
  return `/api/dynos/${encodeURIComponent(app)}/${encodeURIComponent(dyno)}`;
}

function get<Answer>(path: string): Promise<Answer> {
  return request<Answer>(path, { headers: { accept: 'application/json' } });
}

function post<Answer>(path: string, body: unknown): Promise<Answer> {
  const headers = { accept: 'application/json', 'content-type': 'application/json' };
  return request<Answer>(path, { method: 'POST', headers, body: body === undefined ? null : JSON.stringify(body) });
}

async function request<Answer>(path: string, init: RequestInit): Promise<Answer> {
  const signal = AbortSignal.timeout(REQUEST_LIMIT_MS);
  const response = await fetch(path, { ...init, signal, cache: 'no-store' }).catch(() => {
    throw new ApiFault(0, 'The actuator did not answer.');
  });
  const body: unknown = await response.json().catch(() => null);
  if (!response.ok) throw new ApiFault(response.status, refusalIn(body) ?? `The actuator answered ${response.status}.`);
  return body as Answer;
}

function refusalIn(body: unknown): string | null {
  const message = (body as { error?: { message?: unknown } } | null)?.error?.message;
  return typeof message === 'string' ? message : null;
}
