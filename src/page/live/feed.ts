import type { DynoInList } from '../../web/schema/dyno.ts';
import { ApiFault, api } from './api.ts';
import { openEvents } from './events.ts';
import { type PageState, withAllDynos, withAttempt, withDynoEvent, withoutGone, withSomeDynos } from './state.ts';
import type { Store } from './store.ts';

/** While the stream is down the lists are read at this pace. */
const POLL_MS = 5_000;
/** Jobs have no event: they change slowly. */
const JOBS_MS = 30_000;
/** After this long without an event or an answer, the page says that what it shows is old. */
const LOST_AFTER_MS = 20_000;
/** With an open stream the status is read at this pace, to tell a quiet stream from a dead one. */
const WATCH_MS = 15_000;
const STREAM_WAIT_MS = 700;
const GONE_SHOWN_MS = 20_000;
const HOUR_MS = 3_600_000;

/** Keeps the store up to date: by the stream of events, and by polling while there is none. */
export function startFeed(store: Store): void {
  const readAll = oneAtATime(() => readEverything(store, true));
  const poll = oneAtATime(() => readEverything(store, false));
  openEvents({
    onOpen: (isNew) => {
      heard(store, 'live');
      if (isNew) void readAll();
    },
    onBreak: () => {
      store.change((state) => (state.connection === 'live' ? { ...state, connection: 'polling' } : state));
      void poll();
    },
    onReset: () => void readAll(),
    onDynos: ({ changed, gone }) => {
      heard(store, 'live');
      store.change((state) => withDynoEvent(state, changed, gone, store.nowMs()));
    },
    onAttempt: (attempt) => {
      heard(store, 'live');
      store.change((state) => withAttempt(state, attempt));
    },
    onStatus: (status) => {
      heard(store, 'live');
      store.change((state) => ({ ...state, status: { read_only: state.status?.read_only ?? false, ...status } }));
    },
  });
  // The lists come after the stream has opened, so that nothing is missed between; a slow stream is not waited for.
  setTimeout(() => {
    if (!store.get().hasDynos) void readAll();
  }, STREAM_WAIT_MS);
  setInterval(() => {
    if (store.get().connection !== 'live') void poll();
  }, POLL_MS);
  setInterval(() => {
    if (store.get().connection === 'live') void guarded(store, () => readStatus(store));
  }, WATCH_MS);
  setInterval(() => void guarded(store, () => readJobs(store)), JOBS_MS);
  // Curves grow by events; once an hour they are read again, evenly spaced.
  setInterval(() => void readAll(), HOUR_MS);
  setInterval(() => {
    store.change((state) => withoutGone(state, store.nowMs() - GONE_SHOWN_MS));
    markLost(store);
  }, 1000);
}

async function readEverything(store: Store, withCurves: boolean): Promise<void> {
  await guarded(store, async () => {
    await readStatus(store);
    await Promise.all([readDynos(store, withCurves), readAttempts(store), readJobs(store)]);
  });
}

async function readStatus(store: Store): Promise<void> {
  const status = await api.status();
  store.change((state) => ({ ...state, status, clockOffsetMs: status.now_ms - Date.now() }));
  heard(store, store.get().connection === 'live' ? 'live' : 'polling');
}

async function readDynos(store: Store, withCurves: boolean): Promise<void> {
  const all: DynoInList[] = [];
  // A poll that has no curves yet, because the first full reading failed, asks for them.
  const isFirst = !store.get().hasDynos;
  for await (const page of api.allDynos(withCurves || isFirst)) {
    all.push(...page);
    store.change((state) => withSomeDynos(state, page));
  }
  store.change((state) => withAllDynos(state, all));
}

async function readAttempts(store: Store): Promise<void> {
  const attempts = await api.attempts();
  store.change((state) => ({
    ...state,
    attempts: [...attempts].sort((a, b) => b.claimed_at_ms - a.claimed_at_ms),
  }));
}

async function readJobs(store: Store): Promise<void> {
  const jobs = await api.jobs();
  store.change((state) => ({ ...state, jobs }));
}

/** A reading that fails changes nothing that is shown; a refused token is said at once. */
async function guarded(store: Store, read: () => Promise<void>): Promise<void> {
  try {
    await read();
  } catch (error) {
    const isRefused = error instanceof ApiFault && (error.status === 401 || error.status === 403);
    if (isRefused) store.change((state) => ({ ...state, connection: 'refused' }));
  }
}

function heard(store: Store, connection: PageState['connection']): void {
  store.change((state) => ({ ...state, connection, heardAtMs: Date.now() }));
}

const STARTED_AT_MS = Date.now();

function markLost(store: Store): void {
  const { connection, heardAtMs } = store.get();
  if (connection === 'refused' || connection === 'lost') return;
  if (Date.now() - (heardAtMs ?? STARTED_AT_MS) > LOST_AFTER_MS)
    store.change((state) => ({ ...state, connection: 'lost' }));
}

/** While one reading runs, a second one is dropped and not queued. */
function oneAtATime(read: () => Promise<void>): () => Promise<void> {
  let isRunning = false;
  return async () => {
    if (isRunning) return;
    isRunning = true;
    await read().finally(() => {
      isRunning = false;
    });
  };
}
