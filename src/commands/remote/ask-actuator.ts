import { isOneOff } from '../../doctor/check-settings.ts';
import { type Finding, findingsOn } from '../../doctor/finding.ts';
import { BadInputError, TidemarkError } from '../../model/errors.ts';
import type { ActuatorAddress } from '../../web/client.ts';
import { ROUTES } from '../../web/schema/routes.ts';
import type { Status } from '../../web/schema/status.ts';
import type { CommandArguments } from '../terminal/command.ts';
import { addressOf, ask } from './client.ts';

const { ok, warning } = findingsOn('actuator');
const TIMEOUT_MS = 5_000;

/**
 * What a running actuator reports, for the doctor: only its own memory holds what it refuses. Never rejects for what it
 * answers.
 */
export async function askActuator(args: CommandArguments): Promise<readonly Finding[]> {
  const address = addressFor(args);
  const { origin } = address.base;
  try {
    return findingsOf(origin, await ask(address, ROUTES.status, { timeoutMs: TIMEOUT_MS }));
  } catch (error) {
    if (!(error instanceof TidemarkError)) throw error;
    if (args.own.url === undefined && !(error instanceof BadInputError))
      return [ok(`no actuator answers at ${origin}, so its refusals are not checked: name a running one with --url`)];
    const advice = 'name the actuator with --url, and set its TIDEMARK_ADMIN_TOKEN';
    return [warning(`cannot ask the actuator at ${origin} what it refuses: ${error.message}`, advice)];
  }
}

/** In `heroku run` the actuator is in another dyno, which only its public name reaches. */
function addressFor(args: CommandArguments): ActuatorAddress {
  const { DYNO: dyno, HEROKU_APP_DEFAULT_DOMAIN_NAME: domain } = args.env;
  const isElsewhere = args.own.url === undefined && dyno !== undefined && isOneOff(dyno) && domain !== undefined;
  return addressOf(isElsewhere ? { ...args, own: { url: `https://${domain}` } } : args);
}

/** The settings' own findings report a dry run, and a hold ends by itself. */
const REPORTED_ELSEWHERE: ReadonlySet<string> = new Set(['dry-run', 'ledger-hold', 'cooldown', 'attempt-open']);

function findingsOf(
  origin: string,
  { ready, restarts, platform_refuses, targets, refused }: Status,
): readonly Finding[] {
  const says = `the actuator at ${origin}${ready ? '' : ' is not ready, and'} says: restarts are ${restarts}`;
  const codes = targets.flatMap(({ obstacles }) => obstacles.map(({ code }) => code));
  const isExplained = codes.length > 0 && codes.every((code) => REPORTED_ELSEWHERE.has(code));
  const isFine = ready && (!restarts.startsWith('off') || isExplained);
  const advice = platform_refuses ?? '"tidemark status" shows what stands in the way of each target';
  return [
    isFine ? ok(says) : warning(says, advice),
    ...refused.map(({ count, says, advice }) => warning(`${says} (${count} in all)`, advice)),
  ];
}
