import type { ActuatorSettings } from '../config/resolve.ts';
import { ONE_OFF_TYPES } from '../model/target.ts';
import { severalWebDynos } from './check-heroku.ts';
import { type Finding, findingsOn } from './finding.ts';

const { ok, warning, fault } = findingsOn('settings');

type Environment = Readonly<Record<string, string | undefined>>;

/** What the settings mean together: each of them was good when they were resolved. */
export function checkSettings(settings: ActuatorSettings, env: Environment): readonly Finding[] {
  return [
    ...checkDryRun(settings),
    ...checkDoors(settings, env),
    ...checkWebDyno(settings, env),
    ...checkTls(env),
    settings.policy.dynoCycleMs === null
      ? ok('the platform is taken not to restart dynos by itself (TIDEMARK_DYNO_CYCLE=off)')
      : null,
  ].filter((finding) => finding !== null);
}

function checkDryRun({ permissions }: ActuatorSettings): readonly Finding[] {
  const { allowed, dryRun } = permissions;
  const names = allowed.map(({ app, processType }) => `${app}:${processType}`).join(', ');
  if (allowed.length === 0) {
    const advice = 'name what may be restarted, for example TIDEMARK_TARGETS=shop:worker';
    return [warning('TIDEMARK_TARGETS is empty: nothing will ever be restarted', advice)];
  }
  if (dryRun === true) {
    const advice = 'set TIDEMARK_DRY_RUN=false when its decisions have been right for some days';
    return [warning(`dry run is on: decisions for ${names} are made and logged, nothing is restarted`, advice)];
  }
  if (dryRun === false) return [ok(`${names} may be restarted`)];
  const dry = dryRun.map(({ app, processType }) => `${app}:${processType}`).join(', ');
  return [ok(`${names} may be restarted; ${dry} stays dry`)];
}

/** On a dyno everything comes from outside, through Heroku's router. */
function checkDoors({ sources, ingestTokens, adminToken }: ActuatorSettings, env: Environment): readonly Finding[] {
  if (env.DYNO === undefined) return [];
  const found: Finding[] = [];
  if (sources.includes('otlp') && ingestTokens.length === 0) {
    const advice = 'set TIDEMARK_INGEST_TOKENS=app=token, and send the token from the workers as Bearer';
    found.push(fault('no TIDEMARK_INGEST_TOKENS: points are taken from this dyno alone, so none will come', advice));
  }
  if (sources.includes('otlp') && !/^web\./.test(env.DYNO) && !isOneOff(env.DYNO)) {
    const advice = 'run it as `web`, or let the points come by Redis (TIDEMARK_SOURCE=redis)';
    found.push(warning(`${env.DYNO} is no web dyno: on the Common Runtime nothing can reach it`, advice));
  }
  if (adminToken === null) {
    const advice = 'set TIDEMARK_ADMIN_TOKEN';
    found.push(warning('no TIDEMARK_ADMIN_TOKEN: the API answers programs on this dyno alone', advice));
  }
  return found;
}

/** `heroku run tidemark doctor` runs in a dyno of its own, which says nothing of the one that the actuator runs in. */
export function isOneOff(dyno: string): boolean {
  return ONE_OFF_TYPES.has(dyno.split('.')[0] ?? '');
}

/** A web dyno that knows that it is not the only one. */
export function checkWebDyno({ sources, permissions }: ActuatorSettings, env: Environment): readonly Finding[] {
  const isSecond = /^web\.([2-9]|\d\d)/.test(env.DYNO ?? '');
  if (!isSecond || !sources.includes('otlp')) return [];
  return [severalWebDynos(`this is ${env.DYNO}, one of several web dynos`, permissions.ownApp ?? '<this app>')];
}

/** The one switch that would hand the token to whoever sits on the way. */
export function checkTls(env: Environment): readonly Finding[] {
  if (env.NODE_TLS_REJECT_UNAUTHORIZED !== '0') return [];
  const advice = 'remove NODE_TLS_REJECT_UNAUTHORIZED; the self-signed chain of Heroku Key-Value Store needs it not';
  return [
    fault('NODE_TLS_REJECT_UNAUTHORIZED=0: whoever sits on the way to api.heroku.com can read the token', advice),
  ];
}
