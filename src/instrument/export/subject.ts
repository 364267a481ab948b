import { ATTR_HEROKU_APP_NAME, ATTR_HEROKU_DYNO_NAME } from '../../semconv.ts';

/** What is reported, for people. */
export interface Subject {
  /** `my-app worker.1` */
  readonly name: string;
  /** What keeps Tidemark from restarting it, to be appended to a line; empty where nothing does. */
  readonly lacks: string;
}

export function subjectOf(resource: Readonly<Record<string, unknown>>): Subject {
  const text = (name: string) => (typeof resource[name] === 'string' ? resource[name] : '');
  const [app, dyno] = [text(ATTR_HEROKU_APP_NAME), text(ATTR_HEROKU_DYNO_NAME)];
  if (dyno === '') return { name: app || 'this process', lacks: NO_DYNO };
  if (app === '') return { name: `${dyno} of an unnamed app`, lacks: NO_APP };
  return { name: `${app} ${dyno}`, lacks: '' };
}

const NO_DYNO = '; DYNO is not set, so no dyno is restarted for it';
const NO_APP = "; set TIDEMARK_APP to the app's name, without which no dyno is restarted";
