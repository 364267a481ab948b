import { optional, type Reader, setting } from './setting.ts';
import { API_ADDRESS, countFrom, SECRET } from './values.ts';

const SERVICE = ['actuator', 'doctor'] as const satisfies readonly Reader[];

/** How Heroku is asked, and how it reports by itself. */
export const PLATFORM_SETTINGS = {
  herokuApiToken: optional({
    name: 'HEROKU_API_TOKEN',
    isSecret: true,
    readBy: [...SERVICE, 'setup'],
    value: SECRET,
    unset: 'none: nothing is restarted',
    meaning: 'The token that may restart dynos (scopes `read,write`). Give it to the actuator only.',
  }),
  herokuApiUrl: setting({
    name: 'HEROKU_API_URL',
    readBy: [...SERVICE, 'setup'],
    value: API_ADDRESS,
    default: 'https://api.heroku.com',
    meaning: 'The Platform API.',
  }),
  apiBudget: setting({
    name: 'TIDEMARK_API_BUDGET',
    readBy: SERVICE,
    value: countFrom(2, 4500),
    default: '1500',
    meaning:
      'Platform calls an hour for watching dynos, of 4,500 that all tools of the account share. Restarts use none. ' +
      'Several actuators on Kafka share it.',
  }),
  herokuWebhookSecret: optional({
    name: 'TIDEMARK_WEBHOOK_SECRET',
    isSecret: true,
    readBy: SERVICE,
    value: SECRET,
    unset: 'none: dynos are read',
    meaning: "The secret of Heroku's app webhooks, which report dynos at `/webhooks/heroku` instead of most reads.",
  }),
};
