import { SETTINGS, type SettingDefinition } from './settings.ts';

const COMMANDS: readonly (readonly [usage: string, meaning: string])[] = [
  ['tidemark actuator', 'the service: takes points, judges dynos, restarts the right one'],
  ['tidemark demo', 'the whole loop on this machine, in about a minute'],
  [
    'tidemark replay FILE...',
    'detector and policy over recorded series (CSV), offline; --json, --quota 512MiB, --plot out.svg',
  ],
  [
    'tidemark status',
    'whether restarts are on, targets, dynos, restarts, refused measurements, last decisions; --url URL, --json',
  ],
  [
    'tidemark doctor',
    'settings, token, apps, Redis, clocks, restarts, points, allocator: what is wrong and what to do; --json; --url URL asks the actuator too',
  ],
  ['tidemark restart APP DYNO', "a person's restart, and how it ends; --url URL, --no-wait"],
  [
    'tidemark pause [APP:TYPE]',
    'no restarts, of one target or at all; --url URL, else the actuator here, else its ledger (REDIS_URL)',
  ],
  ['tidemark resume [APP:TYPE]', 'ends a pause and closes the breaker; --url URL, or as above'],
];

/** What `tidemark --help` prints. */
export function helpText(): string {
  const width = Math.max(...COMMANDS.map(([usage]) => usage.length));
  const commands = COMMANDS.map(([usage, meaning]) => `  ${usage.padEnd(width)}  ${meaning}`);
  const settings = SETTINGS.flatMap((setting) => [
    `  ${setting.name}${setting.flag === null ? '' : ` (--${setting.flag})`}`,
    `      ${plain(setting.meaning)} ${plain(setting.form)}; default: ${plain(setting.defaultText)}${setting.half === 'worker' ? '; read in the worker' : ''}`,
  ]);
  return [
    'Tidemark watches the memory of BullMQ workers and restarts the Heroku dynos whose memory will never come back.',
    '',
    'Usage:',
    ...commands,
    '',
    'Settings (a flag wins over the environment, the environment over the default; durations and sizes carry their unit):',
    ...settings,
    '',
  ].join('\n');
}

/** The settings table of docs/settings.md, in Markdown. */
export function settingsTable(): string {
  const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [
    row(['Setting', 'Flag', 'Read in', 'Form', 'Default', 'Meaning']),
    row(['---', '---', '---', '---', '---', '---']),
    ...SETTINGS.map((setting) =>
      row([
        `\`${setting.name}\``,
        setting.flag === null ? '' : `\`--${setting.flag}\``,
        readIn(setting),
        setting.form,
        setting.defaultText,
        setting.meaning,
      ]),
    ),
  ].join('\n');
}

function readIn(setting: SettingDefinition): string {
  return setting.half === 'both' ? 'both' : setting.half;
}

function plain(markdown: string): string {
  return markdown.replaceAll('`', '');
}
