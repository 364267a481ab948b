import { runDemo } from '../demo/demo.ts';
import { RECORDED, Recorder } from '../demo/record/recorder.ts';
import { SETTINGS } from '../settings/settings.ts';
import type { CommandArguments } from './terminal/command.ts';
import { whenOutputCloses } from './terminal/output.ts';

const INTERRUPTED = 130;
const DEFAULT_COLUMNS = 80;

/** `tidemark demo`: the whole loop on this machine. Ctrl-C stops everything cleanly; a second one at once. */
export async function runDemoCommand(args: CommandArguments): Promise<number> {
  const interruption = new AbortController();
  const onSignal = () => {
    if (interruption.signal.aborted) process.exit(INTERRUPTED);
    interruption.abort();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
  whenOutputCloses(() => interruption.abort());
  const { stdout } = process;
  const { env, own } = args;
  const path = own['json-events'];
  const film = typeof own.record === 'string' ? own.record : null;
  const recorder = film === null ? null : new Recorder();
  const code = await runDemo({
    write: (text) => {
      recorder?.write(text);
      stdout.write(text);
    },
    // A film is of a terminal, wherever the output goes.
    isTerminal: recorder !== null || stdout.isTTY === true,
    columns: () => (recorder === null ? (stdout.columns ?? DEFAULT_COLUMNS) : RECORDED.columns),
    colour: recorder !== null || (stdout.isTTY === true && !env.NO_COLOR),
    signal: interruption.signal,
    redisUrl: env[SETTINGS.queueRedisUrl.name]?.trim() || null,
    isEmbedded: own.embedded === true,
    stay: own.stay === true,
    jsonEventsPath: typeof path === 'string' ? path : null,
  });
  recorder?.stop();
  if (film !== null && code === 0) recorder?.save(film);
  return code;
}
