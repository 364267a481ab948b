import type { Status, TargetState } from '../../web/schema/status.ts';
import { heardWords, holdings, holdsWords, isGroup, silentOnes } from './actuators.ts';
import { isAllPaused } from './headline.ts';
import { sentence } from './words/sentence.ts';
import { countWords } from './words/sizes.ts';
import { agoWords, clockWords } from './words/times.ts';

/** How the page hears from the actuator. */
export type Connection = 'loading' | 'live' | 'polling' | 'lost' | 'refused';

/** Something that changes what the page means, with what the reader can do. */
export interface Banner {
  /** Stable while it is about the same thing. */
  readonly key: string;
  readonly tone: 'act' | 'watch' | 'quiet';
  readonly title: string;
  readonly says: string;
  readonly advice: string | null;
  /** A target to resume, `all`, or null where no button helps. */
  readonly resume: string | null;
}

type Telling = Omit<Banner, 'key' | 'tone' | 'advice' | 'resume'> & Partial<Banner>;

export interface BannerInput {
  readonly status: Status | null;
  readonly connection: Connection;
  /** When the actuator last answered (Unix ms); null before. */
  readonly heardAtMs: number | null;
  readonly nowMs: number;
}

/** The most urgent first. */
export function bannersOf(input: BannerInput): readonly Banner[] {
  const { status, nowMs } = input;
  const connection = connectionBanner(input);
  if (status === null) return connection;
  const banners = [
    ...connection,
    ...savedBanners(status),
    ...ledgerBanners(status),
    ...platformBanners(status),
    ...pauseBanners(status, nowMs),
    ...targetBanners(status, nowMs),
    ...roleBanners(input, status),
    ...groupBanners(status, nowMs),
    ...refusedBanners(status, nowMs),
  ];
  return banners.sort((a, b) => URGENCY[a.tone] - URGENCY[b.tone]);
}

const URGENCY = { act: 0, watch: 1, quiet: 2 } as const;

function banner(key: string, tone: Banner['tone'], telling: Telling): Banner {
  return { advice: null, resume: null, ...telling, key, tone };
}

function connectionBanner({ connection, heardAtMs, nowMs }: BannerInput): readonly Banner[] {
  if (connection === 'refused') {
    const title = 'The token is not accepted';
    const says = 'The actuator refused the token of this browser: it is wrong, or it was changed.';
    const advice = 'Reload the page and give TIDEMARK_ADMIN_TOKEN (or TIDEMARK_READ_TOKEN) as the password.';
    return [banner('connection', 'act', { title, says, advice })];
  }
  if (connection !== 'lost') return [];
  const age = heardAtMs === null ? 'has not answered yet' : `last answered ${agoWords(heardAtMs, nowMs)}`;
  const says = `The actuator ${age}. What you see is old; the page goes on trying.`;
  return [banner('connection', 'act', { title: 'No connection', says })];
}

function ledgerBanners({ ledger, targets }: Status): readonly Banner[] {
  if (ledger === 'available') return [];
  const known = targets.flatMap(({ obstacles }) => obstacles).find(({ code }) => code === 'ledger-unavailable');
  if (ledger === 'unavailable' && known !== undefined) {
    const [says, advice] = [`${sentence(known.says)} Measurements are still taken.`, known.advice];
    return [banner('ledger', 'act', { title: 'No ledger', says, advice: advice === null ? null : sentence(advice) })];
  }
  const [title, says, advice] =
    ledger === 'unavailable'
      ? ['No Redis', 'The ledger (Redis) cannot be read, so nothing is restarted. Measurements are still taken.', null]
      : [
          'No Redis is set',
          'Without a ledger Tidemark watches and restarts nothing.',
          'Set REDIS_URL in the actuator.',
        ];
  return [banner('ledger', 'act', { title: title ?? '', says: says ?? '', advice: advice ?? null })];
}

function platformBanners({ platform }: Status): readonly Banner[] {
  if (platform.refuses !== null) {
    const says = `It said: ${platform.refuses}. Nothing is restarted meanwhile; Tidemark asks it again by itself.`;
    return [banner('platform', 'act', { title: 'Heroku refuses calls', says })];
  }
  if (platform.configured) return [];
  const says = 'Without HEROKU_API_TOKEN Tidemark watches and restarts nothing.';
  const advice = 'Set HEROKU_API_TOKEN in the actuator.';
  return [banner('platform', 'quiet', { title: 'No access to Heroku', says, advice })];
}

function pauseBanners(status: Status, nowMs: number): readonly Banner[] {
  const paused = status.targets.filter((target) => target.paused_by !== null);
  const byWhom = (target: TargetState | undefined) => {
    const since = target?.paused_since_ms == null ? '' : ` since ${clockWords(target.paused_since_ms, nowMs)}`;
    return `Paused by ${target?.pauser ?? 'a person'}${since}`;
  };
  if (isAllPaused(status) && paused.some((target) => target.paused_by === 'all')) {
    const says = `${byWhom(paused[0])}, with all targets. Tidemark watches and restarts nothing.`;
    return [banner('paused', 'watch', { title: 'Paused', says, resume: 'all' })];
  }
  return paused.map((target) => {
    const says = `${byWhom(target)}. Tidemark goes on watching it and does not restart it.`;
    return banner(`paused ${target.target}`, 'watch', {
      title: `${target.target} is paused`,
      says,
      resume: target.target,
    });
  });
}

function targetBanners({ targets }: Status, nowMs: number): readonly Banner[] {
  return targets.flatMap(({ target, held_until_ms, breaker, obstacles }) => {
    const held =
      held_until_ms !== null && held_until_ms > nowMs
        ? banner(`held ${target}`, 'watch', {
            title: `${target} is held until ${clockWords(held_until_ms, nowMs)}`,
            says: 'The ledger in Redis is new, and earlier restarts may be missing from it.',
          })
        : null;
    const open =
      breaker === null
        ? null
        : banner(`breaker ${target}`, 'act', {
            title: `The breaker of ${target} is open until ${clockWords(breaker.open_until_ms, nowMs)}`,
            says: `The last restarts did not help${breaker.reason === null ? '' : ` (${breaker.reason})`}.`,
            advice: 'Take a bigger dyno or less concurrency. Resuming the target closes the breaker.',
            resume: target,
          });
    const evicts = obstacles.find(({ code }) => code === 'eviction-policy');
    const evicting =
      evicts === undefined
        ? null
        : banner(`evicts ${target}`, 'act', {
            title: `${target} is not restarted`,
            says: sentence(evicts.says),
            advice: evicts.advice === null ? null : sentence(evicts.advice),
          });
    return [evicting, open, held].filter((one) => one !== null);
  });
}

/** Read from Redis: only a command in a terminal does that. */
function savedBanners({ read_from, leading }: Status): readonly Banner[] {
  if (read_from === 'actuator') return [];
  if (!leading) {
    const says = 'nobody leads on this Redis. You see what was left there.';
    const advice = 'Start it, or check that this is its Redis.';
    return [banner('no-actuator', 'act', { title: 'No actuator runs', says, advice })];
  }
  const says = 'memory and jobs are as last saved, once a window.';
  return [banner('saved', 'quiet', { title: 'Read from Redis', says })];
}

function roleBanners({ connection }: BannerInput, { leading, targets, read_from }: Status): readonly Banner[] {
  const standby = banner('standby', 'quiet', {
    title: 'Standby',
    says: 'Another actuator leads and acts. This one takes over when the other one stops.',
  });
  const dry = banner('dry', 'quiet', {
    title: 'Dry run',
    says: 'Tidemark decides and records, and restarts nothing.',
    advice: 'When you agree with its decisions, set TIDEMARK_DRY_RUN=false.',
  });
  const isDry = targets.length > 0 && targets.every((target) => target.dry_run);
  // The last that an actuator sends when it stops is that it leads no longer. Then no other one need lead.
  const isStandby = !leading && read_from !== 'redis' && connection !== 'lost';
  return [...(isStandby ? [standby] : []), ...(isDry ? [dry] : [])];
}

/** Of several actuators: which is missed, and which holds what. */
function groupBanners(status: Status, nowMs: number): readonly Banner[] {
  if (!isGroup(status)) return [];
  const silent = silentOnes(status).map((one) =>
    banner(`silent ${one.id}`, 'watch', {
      title: `${one.name} is silent`,
      says: `It was heard last ${agoWords(one.silent_since_ms ?? nowMs, nowMs)}: ${holdsWords(one)}.`,
      advice: 'Others take over what it held. Look at its log.',
    }),
  );
  const title = `${heardWords(status)} actuators`;
  const all = banner(HOLDINGS, 'quiet', { title, says: `${holdings(status, nowMs).join('; ')}.` });
  return [...silent, all, ...unreadBanners(status)];
}

/** The key of the notice that says which actuator holds what. */
export const HOLDINGS = 'holdings';

function unreadBanners({ unread_boots }: Status): readonly Banner[] {
  if (unread_boots === 0) return [];
  const says = `${countWords(unread_boots)} saved boots of other actuators are left out here.`;
  const advice = 'Open the page of the actuator that holds them.';
  return [banner('unread', 'quiet', { title: 'Not all dynos are shown', says, advice })];
}

/** The newest ones; more than three kinds at once are one mistake, seen from several sides. */
function refusedBanners({ refused }: Status, nowMs: number): readonly Banner[] {
  const newest = [...refused].sort((a, b) => b.last_ms - a.last_ms).slice(0, 3);
  return newest.map(({ app, kind, count, last_ms, says, advice }) =>
    banner(`refused ${app ?? ''} ${kind}`, 'watch', {
      title: `${countWords(count)} refused${app === null ? '' : ` from ${app}`}`,
      says: `${sentence(says)} The last one came ${agoWords(last_ms, nowMs)}.`,
      advice: sentence(advice),
    }),
  );
}
