import { STATE_OBSTACLES, type StateObstacle } from '../../../model/state-obstacle.ts';
import { RecurringFault, type RecurringFaultOptions } from '../../recurring-fault.ts';
import { obstacleOf } from './obstacle-of.ts';

/** How a refused connection ends: which of these is seen is a matter of timing. */
export const CUT_OFF = /ECONNRESET|EPIPE|disconnected before secure TLS/;

/** A connection that stood and was cut off: which end notices it how is a matter of timing too. */
const CLOSED = 'closed';

/** Why a Redis is not connected, and the lines about that: at once, and then at most once a minute. */
export interface Outages {
  /** The connection has ended, and no reason is known yet. */
  closed(): void;
  /** A reason, which contains no secret. @param hasDatabase false where Redis did not open the one of the URL */
  failed(fault: string, hasDatabase: boolean): void;
  /** @param isExpected the connection was left on purpose, so its end was no outage */
  connected(isExpected: boolean): void;
  /** The newest reason of the present outage; null where there is none. */
  fault(): string | null;
  obstacle(): StateObstacle | null;
  end(): void;
}

export function describeOutages(url: URL, say: RecurringFaultOptions['say']): Outages {
  const recurring = new RecurringFault({ say });
  const connectedLine = { message: `connected to Redis at ${url.host}` };
  let lastFault: string | null = null;
  let lastObstacle: StateObstacle | null = null;
  let wasConnected = false;
  let isConnected = false;

  return {
    closed() {
      isConnected = false;
    },
    failed(fault, hasDatabase) {
      const wasCutOff = CUT_OFF.test(fault);
      // Redis closes a connection that is one too many, and mostly before its answer is read.
      if (wasCutOff && lastObstacle?.code === 'too-many-connections') return;
      lastObstacle = hasDatabase ? obstacleOf(fault) : { code: 'no-database', detail: fault };
      const advice = lastObstacle === null ? hintFor(url, fault) : ` -> ${STATE_OBSTACLES[lastObstacle.code].advice}`;
      const isKnown = fault === lastFault || (wasCutOff && CUT_OFF.test(lastFault ?? ''));
      const message = `Redis at ${url.host} is not reachable: ${fault}${advice}`;
      if (!isKnown) recurring.happened({ message, ...(wasCutOff ? { kind: CLOSED } : {}) });
      lastFault = fault;
    },
    connected(isExpected) {
      const wasClosed = wasConnected && !isConnected && lastFault === null && !isExpected;
      if (wasClosed) recurring.happened({ message: `Redis at ${url.host} closed the connection`, kind: CLOSED });
      recurring.over(wasConnected || lastFault !== null ? connectedLine : null);
      if (!wasConnected && lastFault === null) say('info', connectedLine.message);
      lastFault = null;
      lastObstacle = null;
      wasConnected = true;
      isConnected = true;
    },
    fault: () => lastFault,
    obstacle: () => lastObstacle,
    end: () => recurring.close(),
  };
}

/** What a wrong scheme looks like: Redis waits for the end of a TLS greeting, and a TLS port cuts off a command. */
function hintFor({ protocol }: URL, fault: string): string {
  if (fault.includes('ECONNREFUSED')) return ' (nothing listens there: start it, or correct the URL of this Redis)';
  if (/ENOTFOUND|EAI_AGAIN/.test(fault)) return ' (the host name is not known: correct the URL of this Redis)';
  if (protocol === 'rediss:' && fault.includes('ETIMEDOUT')) return ' (if it does not speak TLS there, use redis://)';
  if (!CUT_OFF.test(fault)) return '';
  const tls = protocol === 'redis:' ? 'if it speaks TLS there, use rediss://; ' : '';
  return ` (${tls}it may also have as many connections as it accepts)`;
}
