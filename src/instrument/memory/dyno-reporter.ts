import { readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { diag } from '@opentelemetry/api';
import type { Procfs } from './procfs.ts';

/** A reporter is replaced once it is silent for this many of this process's own read intervals. */
const LATE_INTERVALS = 3;
/** Not sooner, however often this process reads: a last flush comes between two exports. */
const MIN_LATE_MS = 15_000;
/** Assumed before this process has read twice; the default of OpenTelemetry's SDKs. */
const FIRST_INTERVAL_MS = 60_000;

export interface DynoReporterOptions {
  /** Identifies the boot. */
  readonly dynoId: string;
  readonly procfs: Procfs;
  /** Where the processes of the dyno find each other's file. */
  readonly folder?: string;
  readonly pid?: number;
  /** Unix ms, the clock of the file system. */
  readonly nowMs?: () => number;
}

/** `gone`: its process has ended, or no longer reports; `none`: there is no file. */
type Holder = 'this' | 'other' | 'gone' | 'none';

/**
 * Picks the one process of a dyno that reports the dyno's memory, without communication between the processes: a file
 * in the temporary folder names it by pid and start. The first process that can send takes the role. Another takes over
 * once that one has ended in any way, has given the role up, or has not reported for three intervals. If several take
 * over at the same moment, all may report once; the actuator uses the newest figure.
 *
 * A pid alone would not do, because pids are reused. The file's time tells whether the process still reports or hangs.
 */
export class DynoReporter {
  readonly #path: string;
  readonly #procfs: Procfs;
  readonly #nowMs: () => number;
  /** The file's content while this process is the reporter. */
  readonly #own: string;
  #isReporter = false;
  /** A killed process leaves its file, which names a process that no longer exists. */
  readonly #releaseAtExit = () => this.release();
  #isDegraded = false;
  #askedMs: number | null = null;
  /** The last two, because a flush may cut one short. */
  #intervalsMs: readonly number[] = [FIRST_INTERVAL_MS];

  constructor({ dynoId, procfs, folder = tmpdir(), pid = process.pid, nowMs = Date.now }: DynoReporterOptions) {
    // The id may contain any character if a person has set it.
    this.#path = join(folder, `tidemark-reporter-${encodeURIComponent(dynoId).slice(0, 200)}`);
    this.#procfs = procfs;
    this.#nowMs = nowMs;
    this.#own = `${pid} ${procfs.stat(pid)?.startTicks ?? 0}\n`;
  }

  /**
   * Whether this process reports now. Call it in a process that can send, before each send. Never throws. Synchronous:
   * that takes 22 us of CPU, and 151 us through the thread pool, where each trip would also wait for another job while
   * jobs block the event loop.
   */
  isReporter(): boolean {
    this.#noteInterval();
    process.off('exit', this.#releaseAtExit);
    try {
      this.#isReporter = this.#takePlace();
    } catch (error) {
      this.#isReporter = true;
      this.#warnOfSeveral(error);
    }
    if (this.#isReporter) process.once('exit', this.#releaseAtExit);
    return this.#isReporter;
  }

  /**
   * Lets another process take over at its next export. Synchronous, so that it works while the process exits. Never
   * throws.
   */
  release(): void {
    if (!this.#isReporter) return;
    this.#isReporter = false;
    process.off('exit', this.#releaseAtExit);
    try {
      if (readFileSync(this.#path, 'latin1') === this.#own) rmSync(this.#path);
    } catch {
      // If it fails, the others see that this process has ended or is silent.
    }
  }

  #takePlace(): boolean {
    const holder = this.#holder();
    if (holder === 'other') return false;
    const now = new Date(this.#nowMs());
    if (holder === 'this') {
      utimesSync(this.#path, now, now);
      return true;
    }
    if (holder === 'gone') rmSync(this.#path, { force: true });
    try {
      // `wx`: of several processes that start together one succeeds, and a planted link is not followed.
      writeFileSync(this.#path, this.#own, { flag: 'wx', mode: 0o644 });
    } catch (error) {
      if (codeOf(error) === 'EEXIST') return false;
      throw error;
    }
    return true;
  }

  #holder(): Holder {
    let text: string;
    let reportedMs: number;
    try {
      text = readFileSync(this.#path, 'latin1');
      reportedMs = statSync(this.#path).mtimeMs;
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return 'none';
      throw error;
    }
    if (text === this.#own) return 'this';
    // A time in the future was written before the clock was set back.
    if (Math.abs(this.#nowMs() - reportedMs) > this.#lateAfterMs()) return 'gone';
    // An empty file was just created, and its creator is about to write into it.
    return text === '' || this.#isAlive(text) ? 'other' : 'gone';
  }

  #isAlive(text: string): boolean {
    const [pid = 0, startTicks] = text.trim().split(' ').map(Number);
    const found = this.#procfs.stat(pid);
    return found !== null && !found.hasEnded && found.startTicks === startTicks;
  }

  #noteInterval(): void {
    const nowMs = this.#nowMs();
    if (this.#askedMs !== null) this.#intervalsMs = [nowMs - this.#askedMs, ...this.#intervalsMs].slice(0, 2);
    this.#askedMs = nowMs;
  }

  #lateAfterMs(): number {
    return Math.max(LATE_INTERVALS * Math.max(...this.#intervalsMs), MIN_LATE_MS);
  }

  #warnOfSeveral(error: unknown): void {
    if (this.#isDegraded) return;
    this.#isDegraded = true;
    const sentences = [
      `tidemark: ${this.#path} cannot be read or written (${codeOf(error) ?? error}),`,
      'so every process that loads Tidemark reports the memory of the whole dyno.',
      'The actuator counts it once; your own queries that sum over processes count it several times.',
      'Make the temporary folder writable (TMPDIR) to have one reporter.',
    ];
    diag.warn(sentences.join(' '));
  }
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException | null)?.code;
}
