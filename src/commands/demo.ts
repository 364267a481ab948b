import { runDemo } from '../demo/demo.ts';
import { ConfigError } from '../model/errors.ts';
import type { CommandArguments } from './terminal/arguments.ts';
import { whenOutputCloses } from './terminal/output.ts';

const INTERRUPTED = 130;
const DEFAULT_COLUMNS = 80;

/** `tidemark demo`: the whole loop on this machine. Ctrl-C stops everything cleanly; a second one at once. */
export async function runDemoCommand(args: CommandArguments): Promise<number> {
  const faults = Object.keys(args.flags).map(
    (flag) => `--${flag} is no flag of "tidemark demo"; see "tidemark --help"`,
  );
  if (args.words.length > 0) faults.push(`"${args.words.join(' ')}" is not expected after "tidemark demo"`);
  if (faults.length > 0) throw new ConfigError(faults);
  const interruption = new AbortController();
  const onSignal = () => {
    if (interruption.signal.aborted) process.exit(INTERRUPTED);
    interruption.abort();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
  whenOutputCloses(() => interruption.abort());
  const { stdout, env } = process;
  const path = args.own['json-events'];
  return runDemo({
    write: (text) => void stdout.write(text),
    isTerminal: stdout.isTTY === true,
    columns: () => stdout.columns ?? DEFAULT_COLUMNS,
    colour: stdout.isTTY === true && !env.NO_COLOR,
    signal: interruption.signal,
    redisUrl: env.REDIS_URL?.trim() || null,
    jsonEventsPath: typeof path === 'string' ? path : null,
  });
}
