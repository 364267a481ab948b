import { randomBytes } from 'node:crypto';
import { SettingsReader } from '../config/settings-reader.ts';
import { BadInputError, ConfigError } from '../model/errors.ts';
import { ONE_OFF_TYPES, parseTarget, type Target } from '../model/target.ts';
import { SETTINGS } from '../settings/settings.ts';
import { API_ADDRESS } from '../settings/values.ts';
import { embeddedSteps, exportsElsewhere, type KnownApp, plainSteps, type Step, webSteps } from './setup/plan.ts';
import { type HerokuAccess, readApp } from './setup/read-app.ts';
import { jsonOf, scriptOf } from './setup/script.ts';
import type { CommandArguments } from './terminal/command.ts';

const TOKEN_BYTES = 24;
const ASK_HEROKU = 'HEROKU_API_TOKEN="$(heroku auth:token)" npx tidemark setup ...';

/**
 * `tidemark setup`: prints the lines that set up workers and actuator. It changes nothing, and prints no secret that
 * exists: tokens are fresh, and what must be kept is read by the printed line itself.
 */
export async function runSetup(args: CommandArguments): Promise<number> {
  const target = targetOf(args);
  const { steps, notes } = await planOf(args, target);
  for (const note of notes) process.stderr.write(`tidemark: ${note}\n`);
  const text = args.own.json === true ? JSON.stringify(jsonOf(steps)) : scriptOf(steps);
  process.stdout.write(`${text}\n`);
  return 0;
}

interface Plan {
  readonly steps: readonly Step[];
  /** What a person should know, or do besides; not for a shell. */
  readonly notes: readonly string[];
}

function targetOf({ words: [word = ''] }: CommandArguments): Target {
  const target = parseTarget(word);
  if (target !== null && ONE_OFF_TYPES.has(target.processType))
    throw new BadInputError(
      `"${word}": ${target.processType} dynos are one-offs, which a restart ends and nothing starts again`,
    );
  if (target !== null) return target;
  throw new BadInputError(
    word === ''
      ? 'name the workers that are to be watched: npx tidemark setup my-app:worker ...'
      : `"${word}" is not app:type: name the workers that are to be watched, for example my-app:worker`,
  );
}

async function planOf(args: CommandArguments, target: Target): Promise<Plan> {
  const { plain: isPlain, embedded: isEmbedded } = args.own;
  if (isPlain === true && isEmbedded === true)
    throw new BadInputError('--plain and --embedded: give one, for a dyno of its own or for a thread of the workers');
  if (isEmbedded === true) return embedded(target);
  return isPlain === true ? plain(target) : web(args, target);
}

function embedded(target: Target): Plan {
  const token = 'HEROKU_API_TOKEN becomes a config var of the workers, which every process of the app can read';
  return {
    steps: embeddedSteps(target),
    notes: [
      `${token}. REDIS_URL must be the queue's Redis. Look at it with: heroku run -a ${target.app} -- npx tidemark top`,
    ],
  };
}

function plain(target: Target): Plan {
  const procfile = `Add the line "tidemark: npx tidemark actuator" to the Procfile of ${target.app}`;
  return {
    steps: plainSteps(target),
    notes: [`${procfile}, deploy, then run: heroku ps:scale tidemark=1 -a ${target.app}`],
  };
}

async function web(args: CommandArguments, target: Target): Promise<Plan> {
  const name = actuatorName(args);
  const access = accessTo(args);
  const given = givenUrl(args);
  if (access === null && given === null)
    throw new ConfigError([
      `HEROKU_API_TOKEN is not set, so Heroku cannot be asked where ${name} answers: run ${ASK_HEROKU}, or give --url`,
    ]);
  const [actuator, worker] = await Promise.all([known(access, name), known(access, target.app)]);
  const url = given ?? actuator.url;
  if (url === null) throw new BadInputError(`${name} has no address: give the actuator's with --url`);
  const elsewhere = exportsElsewhere(worker, url, '');
  if (exportsElsewhere(worker, url, 'METRICS_') === true)
    throw new BadInputError(
      `${target.app} sends its metrics elsewhere already (OTEL_EXPORTER_OTLP_METRICS_ENDPOINT), and can send them to ` +
        'one address only: put a Collector between that serves both, as docs/setup/collector.md shows',
    );
  const hasOtherExport = args.own['metrics-only'] === true || elsewhere === true;
  const freshToken = () => randomBytes(TOKEN_BYTES).toString('hex');
  const steps = webSteps({ target, actuator: { ...actuator, url }, worker, hasOtherExport, freshToken });
  return { steps, notes: unread(actuator, worker, hasOtherExport) };
}

function actuatorName({ own }: CommandArguments): string {
  const name = String(own.actuator ?? '');
  if (parseTarget(`${name}:web`) !== null) return name;
  throw new BadInputError(
    `${name === '' ? '--actuator is missing' : `--actuator "${name}" is not the name of an app`}: give the app that ` +
      'runs the actuator, for example my-tidemark, --plain for a dyno of the same app, or --embedded for a thread of ' +
      'the workers',
  );
}

/** Null without a token. */
function accessTo({ env }: CommandArguments): HerokuAccess | null {
  const reader = new SettingsReader({ env, flags: {} });
  const [origin, token] = [reader.read(SETTINGS.herokuApiUrl), reader.read(SETTINGS.herokuApiToken)];
  if (reader.faults.length > 0) throw new ConfigError(reader.faults);
  return token === null ? null : { origin, token };
}

/** The address that the person gives, without a trailing slash; workers send a token there, so not in plain text. */
function givenUrl({ own }: CommandArguments): string | null {
  if (own.url === undefined) return null;
  const parsed = API_ADDRESS.parse(String(own.url));
  if ('value' in parsed) return parsed.value;
  throw new ConfigError([`--url: this is not ${API_ADDRESS.expected}`]);
}

async function known(access: HerokuAccess | null, name: string): Promise<KnownApp> {
  return access === null ? { name, url: null, config: null } : await readApp(access, name);
}

function unread(actuator: KnownApp, worker: KnownApp, hasOtherExport: boolean): readonly string[] {
  const why = `could not be read (with ${ASK_HEROKU} they can)`;
  return [
    ...(actuator.config === null
      ? [`The config vars of ${actuator.name} ${why}: the lines replace its targets and its tokens, if it has any.`]
      : []),
    ...(worker.config === null && !hasOtherExport
      ? [`The config vars of ${worker.name} ${why}: if it exports OTLP elsewhere, add --metrics-only.`]
      : []),
  ];
}
