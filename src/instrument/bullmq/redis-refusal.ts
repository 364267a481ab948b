import { warnOnce } from '../warn-once.ts';

/**
 * What Redis answers to a command that it will refuse the next time too. The text may be anywhere in the message:
 * before Redis 7, a script's error is in the middle.
 */
const REFUSALS = /\b(?:NOPERM|READONLY|MOVED|CROSSSLOT|WRONGTYPE)\b|can't run this command|unknown command/;

/**
 * Prints once, on the process's own output, what Redis does not permit and what that means. Printed because the refusal
 * does not resolve by itself, and OpenTelemetry's diagnostics are silent by default. False if the error is not a
 * refusal.
 *
 * @param consequence what Tidemark cannot do now, and what it does instead
 */
export function warnOfRefusal(error: unknown, consequence: string): boolean {
  const message = error instanceof Error ? error.message : String(error);
  if (!isRefusal(message)) return false;
  const advice = message.includes('WRONGTYPE') ? WRONG_TYPE_ADVICE : PERMISSIONS_ADVICE;
  warnOnce(`${consequence} Redis answered: ${message}. ${advice}`);
  return true;
}

const WRONG_TYPE_ADVICE = 'Something else wrote to a key under tidemark:*. Delete that key.';
export const PERMISSIONS_ADVICE =
  "The workers' Redis user needs the key pattern tidemark:* and the commands listed in docs/settings.md " +
  'under "Redis permissions".';

export function isRefusal(message: string): boolean {
  return REFUSALS.test(message);
}
