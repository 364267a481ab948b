import type { NoticeEvent } from '../../ports.ts';
import type { Message } from './message.ts';

const COLOURS: Readonly<Record<Message['tone'], string>> = { info: '#2e7d32', attention: '#c62828' };

/**
 * The form of Slack's incoming webhooks (api.slack.com/messaging/webhooks), which Mattermost, Discord (`/slack`) and
 * others accept too: a text, and an attachment with the numbers. Receivers other than Slack, which rejects unknown
 * fields, also get the event itself, for programs.
 *
 * @param link where the page shows it; null: none
 */
export function payloadOf(url: string, message: Message, event: NoticeEvent, link: string | null = null): object {
  const { tone, title, explanation, numbers } = message;
  const fields = numbers.map(([name, value]) => ({ title: escaped(name), value: escaped(value), short: true }));
  const text = escaped(title);
  const attachment = {
    color: COLOURS[tone],
    text: escaped(explanation),
    fallback: `${text}. ${escaped(explanation)}`,
    fields,
    ...(link === null ? {} : { title: 'Show it on the page', title_link: link }),
  };
  const forPeople = { text, attachments: [attachment] };
  return new URL(url).hostname === 'hooks.slack.com' ? forPeople : { ...forPeople, event };
}

/** Slack's three control characters: a job's or an app's name must not become a link or a mention of everybody. */
function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
