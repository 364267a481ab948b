import type { StateObstacle, StateObstacleCode } from '../../../model/state-obstacle.ts';

/** Which obstacle an error of Redis or of the connection shows. */

/** The first match counts. Redis before 7 puts a script's error into the middle of the message. */
const ERRORS: readonly (readonly [StateObstacleCode, RegExp])[] = [
  ['login-refused', /\b(WRONGPASS|NOAUTH)\b|invalid password|AUTH.* without any password/],
  ['certificate-of-another-host', /ERR_TLS_CERT_ALTNAME_INVALID|does not match certificate's altnames/],
  ['certificate-not-trusted', /self-signed certificate|unable to (get|verify)|certificate has expired|CERT_/i],
  ['no-tls', /wrong version number|packet length too long/i],
  ['too-many-connections', /max number of clients/],
  ['loading', /\bLOADING\b/],
  ['cluster', /\b(MOVED|ASK|CROSSSLOT|CLUSTERDOWN)\b/],
  ['replica', /\b(READONLY|MASTERDOWN)\b/],
  ['full', /\bOOM\b/],
  ['cannot-save', /\bMISCONF\b/],
  ['too-few-replicas', /\bNOREPLICAS\b/],
  ['no-permission', /\bNOPERM\b|can't run this command|can't access at least one of the keys|No permissions to/i],
  ['too-old', /Write commands not allowed after non deterministic/],
  ['no-command', /unknown (redis )?command/i],
];

/** Null for an error that names no obstacle of these: no answer in time, a broken connection. */
export function obstacleOf(message: string): StateObstacle | null {
  const code = ERRORS.find(([, pattern]) => pattern.test(message))?.[0];
  return code === undefined ? null : { code, detail: message };
}
