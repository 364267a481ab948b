import type { ActuatorSettings } from '../config/resolve.ts';
import { ONE_OFF_TYPES } from '../model/target.ts';
import { severalWebDynos } from './check-heroku.ts';
import { type Finding, findingsOn } from './finding.ts';

const { ok, warning, fault } = findingsOn('settings');

type Environment = Readonly<Record<string, string | undefined>>;

/** What the settings mean together; each by itself is valid. */
export function checkSettings(settings: ActuatorSettings, env: Environment): readonly Finding[] {
  return [
    ...checkDryRun(settings),
    ...checkOwnApp(settings),
    ...checkDoors(settings, env),
    ...checkWebDyno(settings, env),
    ...checkTls(env),
    settings.policy.dynoCycleMs === null
      ? ok('Tidemark assumes that the platform does not restart dynos by itself (TIDEMARK_DYNO_CYCLE=off)')
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
    const advice = 'when you agree with the dry-run decisions, set TIDEMARK_DRY_RUN=false';
    return [warning(`dry run is on: Tidemark decides about ${names}, but restarts nothing`, advice)];
  }
  if (dryRun === false) return [ok(`${names} may be restarted`)];
  const dry = dryRun.map(({ app, processType }) => `${app}:${processType}`).join(', ');
  return [ok(`${names} may be restarted; ${dry} stays dry`)];
}

/** A dry actuator starts all the same, and its dry run would show nothing of this app. Otherwise it does not start. */
function checkOwnApp({ permissions: { allowed, ownApp } }: ActuatorSettings): readonly Finding[] {
  if (ownApp !== null || !allowed.some(({ app }) => app === '.')) return [];
  return [
    warning(
      'TIDEMARK_TARGETS means this app by ".", but HEROKU_APP_NAME is not set: that entry matches nothing',
      'name the app, or enable it: heroku labs:enable runtime-dyno-metadata -a <app>, and deploy',
    ),
  ];
}

/** On a dyno every request comes from outside, through Heroku's router. */
function checkDoors({ sources, ingestTokens, adminToken }: ActuatorSettings, env: Environment): readonly Finding[] {
  if (env.DYNO === undefined) return [];
  const found: Finding[] = [];
  if (sources.includes('otlp') && ingestTokens.length === 0) {
    const advice = 'set TIDEMARK_INGEST_TOKENS=app=token, and let the workers send the token as Bearer';
    found.push(
      fault('no TIDEMARK_INGEST_TOKENS: only this dyno may deliver measurements, so none will arrive', advice),
    );
  }
  if (sources.includes('otlp') && !/^web\./.test(env.DYNO) && !isOneOff(env.DYNO)) {
    const advice = 'run it as `web`, or read measurements from Redis (TIDEMARK_SOURCE=redis)';
    found.push(warning(`${env.DYNO} is not a web dyno: on the Common Runtime nothing can reach it over HTTP`, advice));
  }
  if (adminToken === null) {
    const advice = 'set TIDEMARK_ADMIN_TOKEN';
    found.push(warning('no TIDEMARK_ADMIN_TOKEN: the API answers only programs on this dyno', advice));
  }
  return found;
}

/** `heroku run tidemark doctor` runs in its own dyno: its name says nothing about the actuator's dyno. */
export function isOneOff(dyno: string): boolean {
  return ONE_OFF_TYPES.has(dyno.split('.')[0] ?? '');
}

/** Whether this web dyno's own name shows that it is not the only one. */
export function checkWebDyno({ sources, permissions }: ActuatorSettings, env: Environment): readonly Finding[] {
  const isSecond = /^web\.([2-9]|\d\d)/.test(env.DYNO ?? '');
  if (!isSecond || !sources.includes('otlp')) return [];
  return [severalWebDynos(`this is ${env.DYNO}, one of several web dynos`, permissions.ownApp ?? '<this app>')];
}

/** The one switch that would show the token to anyone on the network path. */
export function checkTls(env: Environment): readonly Finding[] {
  if (env.NODE_TLS_REJECT_UNAUTHORIZED !== '0') return [];
  const advice = 'remove NODE_TLS_REJECT_UNAUTHORIZED; Heroku Key-Value Store works without it';
  return [
    fault('NODE_TLS_REJECT_UNAUTHORIZED=0: anyone on the network path to api.heroku.com can read the token', advice),
  ];
}
