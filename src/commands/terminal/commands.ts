import type { Command, OwnFlag } from './command.ts';

const URL_FLAG: OwnFlag = {
  name: 'url',
  value: 'URL',
  meaning: "The actuator's address; without it, the actuator on this machine.",
};
const REDIS_FLAG: OwnFlag = {
  name: 'redis',
  value: null,
  meaning:
    'Read what the actuator keeps in Redis (TIDEMARK_REDIS_URL or REDIS_URL), for one that nothing can reach by ' +
    'HTTP. The default where no actuator answers on this machine and a Redis is set.',
};
const BY_FLAG: OwnFlag = {
  name: 'by',
  value: 'NAME',
  meaning: 'Who asks, shown with the pause; without it, your user name and this machine. At most 64 characters.',
};
const JSON_FLAG: OwnFlag = { name: 'json', value: null, meaning: 'Print JSON instead of text.' };

/** Every command, declared once: the command line and `--help` come from here. */
export const COMMANDS: readonly Command[] = [
  {
    name: 'actuator',
    words: '',
    maxWords: 0,
    meaning: 'The service: takes measurements, assesses dynos, and restarts the right one.',
    ownFlags: [],
    takesSettings: true,
    run: async (args) => (await import('../actuator.ts')).runActuator(args),
  },
  {
    name: 'demo',
    words: '',
    maxWords: 0,
    meaning: 'The whole loop on this machine, in about a minute. Exit code 0 if the loop closed.',
    ownFlags: [
      {
        name: 'embedded',
        value: null,
        meaning: 'The actuator runs inside the workers: one app, no process of its own, no Collector.',
      },
      { name: 'stay', value: null, meaning: 'Once the loop has closed keep everything running until Ctrl-C.' },
      {
        name: 'record',
        value: 'FILE',
        meaning: 'Film the screen, 80 by 32, into this SVG file once the loop has closed.',
      },
      { name: 'json-events', value: 'FILE', meaning: 'Write what happens to this file, as JSON lines.' },
    ],
    takesSettings: false,
    run: async (args) => (await import('../demo.ts')).runDemoCommand(args),
  },
  {
    name: 'replay',
    words: 'FILE...',
    maxWords: Number.POSITIVE_INFINITY,
    meaning:
      'Runs the detector and the policy over recorded series (CSV) or the log of an app, offline. "-" is standard ' +
      'input: heroku logs -a my-app -n 1500 | npx tidemark replay -',
    ownFlags: [
      { ...JSON_FLAG, meaning: 'Print a JSON object per line, one for each change of class or action.' },
      { name: 'quota', value: 'SIZE', meaning: 'The memory quota where the file has none, for example 512MiB.' },
      { name: 'plot', value: 'FILE', meaning: 'Draw the curves and decisions into this SVG file.' },
    ],
    takesSettings: true,
    run: async (args) => (await import('../replay.ts')).runReplayCommand(args),
  },
  {
    name: 'status',
    words: '',
    maxWords: 0,
    meaning: 'Shows whether restarts are on, each target and dyno, and the last restarts and decisions.',
    ownFlags: [URL_FLAG, REDIS_FLAG, JSON_FLAG],
    takesSettings: false,
    run: async (args) => (await import('../status.ts')).runStatus(args),
  },
  {
    name: 'top',
    words: '',
    maxWords: 0,
    meaning: 'A full-screen view, live: dynos, jobs, restarts; keys open, filter, sort, restart and pause.',
    ownFlags: [
      URL_FLAG,
      REDIS_FLAG,
      { name: 'interval', value: 'DURATION', meaning: 'How often the actuator is asked; 2s by default.' },
      { name: 'watch', value: null, meaning: 'Print it as plain text again and again: for pipes and files.' },
      { ...JSON_FLAG, meaning: 'Print one JSON object and end; with --watch, one a line again and again.' },
    ],
    takesSettings: false,
    run: async (args) => (await import('../top.ts')).runTop(args),
  },
  {
    name: 'page',
    words: '',
    maxWords: 0,
    meaning: 'Serves the page on this machine, read from the Redis of an actuator that has no HTTP. Changes nothing.',
    ownFlags: [],
    takesSettings: false,
    run: async (args) => (await import('../page.ts')).runPage(args),
  },
  {
    name: 'setup',
    words: 'APP:TYPE',
    maxWords: 1,
    meaning: 'Prints the lines that set up these workers and their actuator, with fresh tokens. It changes nothing.',
    ownFlags: [
      { name: 'actuator', value: 'APP', meaning: "The actuator's app. Heroku is asked for its address." },
      { ...URL_FLAG, meaning: "The actuator's address, if Heroku cannot be asked." },
      {
        name: 'metrics-only',
        value: null,
        meaning: 'The workers export OTLP elsewhere: their other signals stay there. Detected if Heroku can be asked.',
      },
      { name: 'plain', value: null, meaning: 'The actuator is a plain dyno of the same app, and reads from Redis.' },
      { name: 'embedded', value: null, meaning: 'The actuator runs inside the workers, in a thread of one of them.' },
      JSON_FLAG,
    ],
    takesSettings: false,
    run: async (args) => (await import('../setup.ts')).runSetup(args),
  },
  {
    name: 'doctor',
    words: '',
    maxWords: 0,
    meaning: 'Checks settings, token, apps, Redis, clocks, measurements and allocators; says what to fix.',
    ownFlags: [URL_FLAG, JSON_FLAG],
    takesSettings: true,
    run: async (args) => (await import('../doctor.ts')).runDoctor(args),
  },
  {
    name: 'restart',
    words: 'APP DYNO',
    maxWords: 2,
    meaning: 'Restarts one dyno on your word: drains it first, and waits for the end.',
    ownFlags: [URL_FLAG, { name: 'no-wait', value: null, meaning: 'Return as soon as the restart is accepted.' }],
    takesSettings: false,
    run: async (args) => (await import('../restart.ts')).runRestart(args),
  },
  {
    name: 'pause',
    words: '[APP:TYPE]',
    maxWords: 1,
    meaning: 'Stops all restarts, or those of one target. Goes through Redis where no actuator answers.',
    ownFlags: [URL_FLAG, BY_FLAG],
    takesSettings: false,
    run: async (args) => (await import('../pause.ts')).runPause(args, 'pause'),
  },
  {
    name: 'resume',
    words: '[APP:TYPE]',
    maxWords: 1,
    meaning: 'Ends a pause and closes the breaker. Goes through Redis where no actuator answers.',
    ownFlags: [URL_FLAG, BY_FLAG],
    takesSettings: false,
    run: async (args) => (await import('../pause.ts')).runPause(args, 'resume'),
  },
];

export function findCommand(name: string): Command | null {
  return COMMANDS.find((command) => command.name === name) ?? null;
}
