import { DynoDialog } from './dyno/dialog.ts';
import { DynosSection } from './dynos/section.ts';
import { createJobsSection } from './jobs/section.ts';
import { pause, restart, resume } from './live/actions.ts';
import { api } from './live/api.ts';
import { startFeed } from './live/feed.ts';
import { createStore } from './live/store.ts';
import { bannersOf } from './model/banners.ts';
import { totalsOf } from './model/dynos/totals.ts';
import { createLive } from './restarts/live.ts';
import { createRestartsSection } from './restarts/section.ts';
import { createBanners } from './view/banners.ts';
import { region, setText } from './view/dom.ts';
import { createHeader } from './view/header.ts';
import { createTotals } from './view/totals.ts';

/** Joins the parts: the feed changes the store, the store notifies every part. */

const store = createStore(render);
/** After a change that a person made: what it did shows at once, whatever the stream does. */
const refresh = async () => {
  const [status, attempts] = await Promise.all([api.status(), api.attempts()]).catch(() => [null, null]);
  if (status !== null && attempts !== null) store.change((state) => ({ ...state, status, attempts }));
};
const doPause = (target: string | null) => void pause(target, () => void refresh());
const doResume = (target: string | null) => void resume(target, () => void refresh());

const header = createHeader({ pauseAll: () => doPause(null), resumeAll: () => doResume(null) });
const banners = createBanners(doResume);
const totals = createTotals(region('totals'));
const live = createLive();
const dynos = new DynosSection({ onOpen: openDyno, onPause: doPause, onResume: doResume });
const jobs = createJobsSection({ onOpen: openDyno });
const restarts = createRestartsSection({ onOpen: openDyno });
const dialog = new DynoDialog(
  {
    onRestart: (dyno, graceMs) => void restart(dyno, graceMs, () => void refresh()),
    onClosed: (key) => {
      if (location.hash.startsWith(DYNO_HASH)) history.replaceState(null, '', '#dynos');
      openedAddress = location.hash;
      dynos.focusDyno(key);
    },
  },
  store.nowMs,
);

function render(): void {
  const state = store.get();
  const nowMs = store.nowMs();
  const isReadOnly = state.status?.read_only !== false;
  header(state, nowMs);
  const heardAtMs = state.heardAtMs === null ? null : state.heardAtMs + state.clockOffsetMs;
  banners(bannersOf({ ...state, heardAtMs, nowMs }), isReadOnly);
  if (state.status !== null) {
    totals(totalsOf(state.status));
    setText(region('foot'), `Tidemark ${state.status.version}`);
  }
  live(state.attempts ?? []);
  dynos.show(state, nowMs);
  jobs(state, nowMs);
  restarts(state, nowMs);
  dialog.show(state, nowMs);
  openFromAddress();
}

/** `#dyno/shop/worker.1` opens that dyno: notices link to it. */
const DYNO_HASH = '#dyno/';
let openedAddress = '';

function openDyno(key: string): void {
  const [app = '', ...name] = key.split('/');
  location.hash = `${DYNO_HASH}${encodeURIComponent(app)}/${encodeURIComponent(name.join('/'))}`;
}

function openFromAddress(): void {
  const { hash } = location;
  if (hash === openedAddress) return;
  if (!hash.startsWith(DYNO_HASH)) {
    openedAddress = hash;
    dialog.close();
    return;
  }
  const key = hash.slice(DYNO_HASH.length).split('/').map(decoded).join('/');
  const dyno = store.get().dynos.get(key);
  if (dyno === undefined) return;
  openedAddress = hash;
  dialog.open(key, dyno);
  dialog.show(store.get(), store.nowMs());
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

addEventListener('hashchange', openFromAddress);
addEventListener('keydown', (event) => {
  const isTyping = event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement;
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
  // Where nothing has the focus the arrows scroll the page, so only the letter leads into the list.
  const isFirst = event.key === 'j' && event.target === document.body;
  if (event.key !== '/' && !isFirst) return;
  event.preventDefault();
  if (isFirst) dynos.focusFirst();
  else dynos.focusFilter();
});
// Ages and countdowns go on while nothing arrives.
setInterval(render, 5_000);
render();
startFeed(store);
