import { isOneOff } from '../../doctor/check-settings.ts';
import { type Finding, findingsOn } from '../../doctor/finding.ts';
import { BadInputError, TidemarkError } from '../../model/errors.ts';
import type { CommandArguments } from '../terminal/arguments.ts';
import type { StatusRow } from './api-rows.ts';
import { baseOf, call } from './client.ts';

const { ok, warning } = findingsOn('actuator');
const ASK_WITHIN_MS = 5_000;

/** What a running actuator says of itself, for the doctor: what it refuses is in its memory alone. Never rejects for what it answers. */
export async function askActuator(args: CommandArguments): Promise<readonly Finding[]> {
  const base = addressOf(args);
  try {
    const status = (await call(base, 'GET', '/api/status', { timeoutMs: ASK_WITHIN_MS })) as StatusRow;
    return findingsOf(base, status);
  } catch (error) {
    if (!(error instanceof TidemarkError)) throw error;
    const advice = 'name the actuator with --url, and give its TIDEMARK_ADMIN_TOKEN';
    const isMeant = args.own.url !== undefined || error instanceof BadInputError;
    if (isMeant)
      return [warning(`what the actuator at ${base.origin} refuses cannot be asked: ${error.message}`, advice)];
    return [ok(`no actuator answers at ${base.origin}: what one refuses is shown with --url URL`)];
  }
}

/** In `heroku run` the actuator is in another dyno, which only its public name reaches. */
function addressOf(args: CommandArguments): URL {
  const { DYNO: dyno, HEROKU_APP_DEFAULT_DOMAIN_NAME: domain } = process.env;
  const isElsewhere = args.own.url === undefined && dyno !== undefined && isOneOff(dyno) && domain !== undefined;
  return isElsewhere ? new URL(`https://${domain}`) : baseOf(args);
}

/** Dry run is reported with the settings, and a hold passes by itself. */
const NO_NEWS: readonly string[] = ['off: dry run', 'off: held'];

function findingsOf(base: URL, { ready, restarts, platform_refuses, refused }: StatusRow): readonly Finding[] {
  const says = `the actuator at ${base.origin}${ready ? '' : ' is not ready, and'} says: restarts are ${restarts}`;
  const isFine = ready && (!restarts.startsWith('off') || NO_NEWS.includes(restarts));
  const advice = platform_refuses ?? 'see "tidemark status" for each target';
  return [
    isFine ? ok(says) : warning(says, advice),
    ...refused.map(({ count, says, advice }) => warning(`${says} (${count} in all)`, advice)),
  ];
}
