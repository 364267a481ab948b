import { optional, type Reader, setting } from './setting.ts';
import { SWITCH, WEB_ADDRESS } from './values.ts';

const SERVICE = ['actuator', 'doctor'] as const satisfies readonly Reader[];

/** What people are sent. */
export const NOTICE_SETTINGS = {
  webhookUrl: optional({
    name: 'TIDEMARK_WEBHOOK_URL',
    isSecret: true,
    readBy: SERVICE,
    value: WEB_ADDRESS,
    unset: 'none',
    meaning: 'Receives messages about restarts, refusals and advice.',
  }),
  publicUrl: optional({
    name: 'TIDEMARK_PUBLIC_URL',
    readBy: SERVICE,
    value: WEB_ADDRESS,
    unset: 'none: no links',
    meaning: 'Where people reach the page (`web_url` in `heroku apps:info -s`): messages link to it.',
  }),
  weeklySummary: setting({
    name: 'TIDEMARK_WEEKLY_SUMMARY',
    readBy: ['actuator'],
    value: SWITCH,
    default: 'false',
    meaning: 'Sends one message a week: restarts, what they gave back, useless ones, time over the quota.',
  }),
};
