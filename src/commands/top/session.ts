import { setTimeout as delay } from 'node:timers/promises';
import { TidemarkError } from '../../model/errors.ts';
import type { ActuatorAddress } from '../../web/client.ts';
import { ROUTES } from '../../web/schema/routes.ts';
import { ask } from '../remote/client.ts';
import { askAll, pauseMs } from './ask-all.ts';
import { frame } from './frame.ts';
import { type Effect, press } from './keys.ts';
import { type Change, emptyModel, type Model, withAnswers } from './model.ts';
import type { Screen } from './screen.ts';

export interface SessionOptions {
  readonly address: ActuatorAddress;
  /** Of what is asked, for people. */
  readonly name: string;
  readonly intervalMs: number;
  /** Pauses or resumes all targets; resolves to where that was done. */
  readonly steer: (what: 'pause' | 'resume') => Promise<string>;
  readonly signal: AbortSignal;
}

/** Ages on the screen grow while nothing else changes. */
const REDRAW_MS = 1000;

/** Joins keys, answers and the screen: each makes a new model, and the model is drawn. */
export class Session {
  readonly #options: SessionOptions;
  readonly #screen: Screen;
  readonly #quit = new AbortController();
  readonly #signal: AbortSignal;
  /** Ends the wait before the next round. */
  #wake = new AbortController();
  #model: Model;

  constructor(options: SessionOptions, open: (session: Session) => Screen) {
    this.#options = options;
    this.#model = emptyModel(options.name);
    this.#signal = AbortSignal.any([options.signal, this.#quit.signal]);
    this.#screen = open(this);
  }

  /** Resolves when a person quits, or the signal is aborted. The terminal is then given back, also after an error. */
  async run(): Promise<void> {
    this.#screen.open();
    const redraw = setInterval(() => this.draw(), REDRAW_MS);
    try {
      this.draw();
      while (!this.#signal.aborted) {
        const cpu = process.cpuUsage();
        await this.#poll();
        const { user, system } = process.cpuUsage(cpu);
        await this.#wait(pauseMs(this.#options.intervalMs, (user + system) / 1000));
      }
    } finally {
      clearInterval(redraw);
      this.#screen.close();
    }
  }

  draw(): void {
    this.#screen.draw(frame(this.#model, this.#screen.size, Date.now()));
  }

  onKey(key: string): void {
    const { model, effect } = press(this.#model, key);
    this.#show(model);
    if (effect !== null) void this.#carryOut(effect);
  }

  #show(model: Model): void {
    this.#model = model;
    this.draw();
  }

  async #poll(): Promise<void> {
    const stopped = new Promise<null>((resolve) => this.#signal.addEventListener('abort', () => resolve(null)));
    try {
      const answers = await Promise.race([askAll(this.#options.address), stopped]);
      if (answers !== null) this.#show(withAnswers(this.#model, answers, Date.now()));
      const { screen, detail } = this.#model;
      if (answers !== null && screen === 'dyno' && detail?.app != null) await this.#open(detail.app, detail.dyno);
    } catch (error) {
      this.#show({ ...this.#model, fault: messageOf(error) });
    }
  }

  async #wait(ms: number): Promise<void> {
    this.#wake = new AbortController();
    await delay(ms, undefined, { signal: AbortSignal.any([this.#signal, this.#wake.signal]) }).catch(() => undefined);
  }

  async #carryOut(effect: Effect): Promise<void> {
    if (effect.do === 'quit') return this.#quit.abort();
    if (effect.do === 'open') return this.#open(effect.app, effect.dyno);
    const notice = await this.#change(effect.change).catch(messageOf);
    this.#show({ ...this.#model, notice });
    this.#wake.abort();
  }

  async #open(app: string, dyno: string): Promise<void> {
    try {
      const detail = await ask(this.#options.address, ROUTES.dyno, { params: { app, dyno } });
      // Meanwhile another one may have been opened, or none.
      const isAwaited = this.#model.screen === 'dyno' && this.#model.selected === `${app}/${dyno}`;
      if (isAwaited) this.#show({ ...this.#model, detail });
    } catch (error) {
      this.#show({ ...this.#model, notice: messageOf(error) });
    }
  }

  async #change(change: Change): Promise<string> {
    if (change.what !== 'restart') {
      const where = await this.#options.steer(change.what);
      return `${change.what === 'pause' ? 'Paused' : 'Resumed'}: all targets, ${where}`;
    }
    const { app, dyno } = change;
    const { dry_run } = await ask(this.#options.address, ROUTES.restart, { params: { app, dyno } });
    return `${dry_run ? 'Dry run: the' : 'The'} restart of ${app} ${dyno} is on its way; Tab shows its course.`;
  }
}

/** Anything but an error that explains itself is a fault in the program: it ends the process, and is printed. */
function messageOf(error: unknown): string {
  if (error instanceof TidemarkError) return error.message;
  throw error;
}
