import { isSigned, readNews } from '../../adapters/heroku/webhook-news.ts';
import type { WebhookAnswer } from '../../web/control.ts';
import type { PlatformView } from '../platform/platform-view.ts';
import type { Log } from '../report/log.ts';

export interface HerokuWebhookParts {
  /** Null: none is configured. */
  readonly secret: string | null;
  /** Null where no token is configured. */
  readonly platform: Pick<PlatformView, 'hear'> | null;
  readonly leads: () => boolean;
  readonly log: Pick<Log, 'debug'>;
}

export interface HerokuWebhooks {
  /** Why no body is read now; null where one is. */
  readonly closed: () => 'not-configured' | 'standby' | null;
  readonly take: (body: Uint8Array, signature: string) => WebhookAnswer;
}

/** Takes Heroku's app webhooks. They change what is known of the app's dynos, and never restart anything. */
export function createHerokuWebhooks({ secret, platform, leads, log }: HerokuWebhookParts): HerokuWebhooks {
  return {
    closed: () => {
      if (secret === null || platform === null) return 'not-configured';
      // The one that leads must know it: Heroku sends it again.
      return leads() ? null : 'standby';
    },
    take: (body, signature) => {
      if (secret === null || !isSigned(body, signature, secret)) return 'bad-signature';
      const news = readNews(body);
      const heard = news === null ? 'not-about-a-dyno' : (platform?.hear(news) ?? 'not-watched');
      log.debug('webhook of Heroku', { app: news?.app, dyno: news?.dyno.name, state: news?.dyno.state, heard });
      return heard;
    },
  };
}
