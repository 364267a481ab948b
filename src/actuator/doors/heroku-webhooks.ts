import { isSigned, readNews } from '../../adapters/heroku/webhook-news.ts';
import type { RedisState } from '../../adapters/redis/state.ts';
import { LedgerUnavailable } from '../../model/errors.ts';
import type { WebhookAnswer } from '../../web/control.ts';
import type { PlatformView } from '../platform/platform-view.ts';

export interface HerokuWebhookParts {
  /** Null: none is configured. */
  readonly secret: string | null;
  /** Null where no token is configured. */
  readonly platform: Pick<PlatformView, 'hear'> | null;
  readonly leads: () => boolean;
  /** Passes the webhook on to the other actuators, which follow other dynos; null where this one follows all dynos. */
  readonly pass: ((body: string) => void) | null;
}

export interface HerokuWebhooks {
  /** Why no body is read now; null where one is. */
  readonly closed: () => 'not-configured' | 'standby' | null;
  readonly take: (body: Uint8Array, signature: string) => WebhookAnswer;
}

/** Takes Heroku's app webhooks. They change what is known of the app's dynos, and never restart anything. */
export function createHerokuWebhooks({ secret, platform, leads, pass }: HerokuWebhookParts): HerokuWebhooks {
  return {
    closed: () => {
      if (secret === null || platform === null) return 'not-configured';
      // The one that leads must know it: Heroku sends it again.
      return leads() ? null : 'standby';
    },
    take: (body, signature) => {
      if (secret === null || !isSigned(body, signature, secret)) return 'bad-signature';
      const news = readNews(body);
      if (news !== null) pass?.(new TextDecoder().decode(body));
      const heard = news === null ? 'not-about-a-dyno' : (platform?.hear(news) ?? 'not-watched');
      return heard === 'not-watched' && pass !== null ? 'passed-on' : heard;
    },
  };
}

/**
 * Takes the webhooks that other actuators received. Those that this one passed on come back too, and change nothing:
 * it knows them already. Several actuators may share an address, and Heroku sends a webhook to any one of them. Does
 * not reject for faults of Redis: the apps are read then.
 *
 * @param state null where none are passed on
 */
export async function hearPassedWebhooks(
  state: Pick<RedisState, 'webhooks' | 'available'> | null,
  platform: Pick<PlatformView, 'hear'> | null,
): Promise<void> {
  if (state === null || platform === null || !state.available()) return;
  for (const body of await state.webhooks.read().catch(noneWhileAway)) {
    const news = readNews(Buffer.from(body));
    if (news !== null) platform.hear(news);
  }
}

function noneWhileAway(error: unknown): readonly string[] {
  if (!(error instanceof LedgerUnavailable)) throw error;
  return [];
}
