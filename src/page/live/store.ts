import { INITIAL_STATE, type PageState } from './state.ts';

/** Holds the state, and notifies the page once a frame that it has changed. */
export interface Store {
  get(): PageState;
  change(next: (state: PageState) => PageState): void;
  /** The actuator's clock now, in Unix ms. */
  nowMs(): number;
}

export function createStore(render: () => void): Store {
  let state = INITIAL_STATE;
  let isScheduled = false;
  const schedule = () => {
    if (isScheduled) return;
    isScheduled = true;
    // A page in the background gets no frames; its timers still run.
    const run = () => {
      isScheduled = false;
      render();
    };
    if (document.hidden) setTimeout(run, 0);
    else requestAnimationFrame(run);
  };
  return {
    get: () => state,
    change: (next) => {
      const before = state;
      state = next(state);
      if (state !== before) schedule();
    },
    nowMs: () => Date.now() + state.clockOffsetMs,
  };
}
