import { inject } from 'vitest';

/** Databases of the Redis of a test run, one for each use: an actuator takes up what another one left in its own. */
const DATABASES = {
  'an actuator with a log drain': 5,
  'an actuator without calls': 6,
  'an actuator with webhooks': 7,
  'hostile measurements': 9,
  'hostile measurements of jobs': 8,
  'more measurements than it can take': 7,
  'the admin door': 10,
  'bodies in tiny pieces': 10,
  'an actuator that restarts': 11,
  'an actuator in dry run': 12,
  'an actuator without the API': 13,
  'the page': 14,
  'a password of Redis': 15,
} as const;

export function redisDatabase(use: keyof typeof DATABASES): string {
  return `${inject('redisUrl')}/${DATABASES[use]}`;
}
