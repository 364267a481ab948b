import { setTimeout as delay } from 'node:timers/promises';
import { BadInputError, ConfigError, TidemarkError } from '../model/errors.ts';
import { columnsOf } from '../model/text/lines.ts';
import { parseDuration } from '../quantities.ts';
import { steer } from './pause.ts';
import { openSource, type Source } from './remote/source.ts';
import type { CommandArguments } from './terminal/command.ts';
import { exitCodeOf, listenForStop } from './terminal/stop-request.ts';
import { askAll, pauseMs } from './top/ask-all.ts';
import { report } from './top/frame.ts';
import { emptyModel, withAnswers } from './top/model.ts';
import { Screen } from './top/screen.ts';
import { Session } from './top/session.ts';
import { paint } from './top/text.ts';

const MIN_INTERVAL_MS = 500;

/** `tidemark top`: full-screen on a terminal; with `--watch` or `--json` as text. */
export async function runTop(args: CommandArguments): Promise<number> {
  const intervalMs = intervalOf(args);
  const source = await openSource(args);
  const stop = listenForStop(['SIGHUP']);
  try {
    if (args.own.watch === true || args.own.json === true) await print(args, source, intervalMs, stop.signal);
    else await show(args, source, intervalMs, stop.signal);
    const signal = stop.received();
    return signal === null ? 0 : exitCodeOf(signal);
  } finally {
    stop[Symbol.dispose]();
    await source.close();
  }
}

function intervalOf({ own }: CommandArguments): number {
  const text = String(own.interval ?? '2s');
  const intervalMs = parseDuration(text);
  if (intervalMs === null || intervalMs < MIN_INTERVAL_MS)
    throw new ConfigError([`--interval: "${text}" is not a duration of at least 500ms, for example 2s`]);
  return intervalMs;
}

async function show(
  args: CommandArguments,
  { address, name }: Source,
  intervalMs: number,
  signal: AbortSignal,
): Promise<void> {
  const { stdin, stdout } = process;
  // A dumb terminal is one whose cursor cannot be moved.
  if (!stdin.isTTY || !stdout.isTTY || args.env.TERM === 'dumb')
    throw new BadInputError(
      '"tidemark top" needs a terminal for its screen and keys: "tidemark status" prints once, ' +
        '"tidemark top --watch" prints again and again',
    );
  const isColoured = !args.env.NO_COLOR;
  const pause = async (what: 'pause' | 'resume') => {
    const { where, notes } = await steer(args, what, null);
    return [where, ...notes].join(' ');
  };
  const session = new Session(
    { address, name, intervalMs, steer: pause, signal },
    (one) => new Screen({ stdin, stdout, isColoured }, { onKey: (key) => one.onKey(key), onResize: () => one.draw() }),
  );
  await session.run();
}

/** One JSON object, or texts with an empty line between them until somebody stops it. */
async function print(
  { own }: CommandArguments,
  source: Source,
  intervalMs: number,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const cpu = process.cpuUsage();
    const text = await textOf(source, own.json === true).catch((error: unknown) => {
      if (own.watch !== true || !(error instanceof TidemarkError)) throw error;
      // Whoever watches wants to see it come back.
      process.stderr.write(`tidemark: ${error.message}\n`);
      return '';
    });
    process.stdout.write(text);
    if (own.watch !== true) return;
    const { user, system } = process.cpuUsage(cpu);
    await delay(pauseMs(intervalMs, (user + system) / 1000), undefined, { signal }).catch(() => undefined);
  }
}

async function textOf({ address, name }: Source, isJson: boolean): Promise<string> {
  const answers = await askAll(address);
  if (isJson) return `${JSON.stringify(answers)}\n`;
  const nowMs = Date.now();
  const lines = report(withAnswers(emptyModel(name), answers, nowMs), columnsOf(process.stdout), nowMs);
  return `${lines.map((line) => paint(line, false).trimEnd()).join('\n')}\n\n`;
}
