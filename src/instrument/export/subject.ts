import { ATTR_HEROKU_APP_NAME, ATTR_HEROKU_DYNO_NAME } from '../../semconv.ts';

/** What is reported, for people. */
export interface Subject {
  /** `my-app worker.1` */
  readonly name: string;
  /** Appended to a line: what keeps Tidemark from restarting this dyno; empty if nothing does. */
  readonly lacks: string;
}

export function subjectOf(resource: Readonly<Record<string, unknown>>): Subject {
  const text = (name: string) => (typeof resource[name] === 'string' ? resource[name] : '');
  const [app, dyno] = [text(ATTR_HEROKU_APP_NAME), text(ATTR_HEROKU_DYNO_NAME)];
  if (dyno === '') return { name: app || 'this process', lacks: NO_DYNO };
  if (app === '') return { name: `${dyno} of an unnamed app`, lacks: NO_APP };
  return { name: `${app} ${dyno}`, lacks: '' };
}

const NO_DYNO = '; DYNO is not set, so Tidemark restarts no dyno for it';
const NO_APP = "; set TIDEMARK_APP to the app's name: without it Tidemark restarts no dyno";
