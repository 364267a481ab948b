import { wrap } from '../../model/text/lines.ts';
import type { Setting } from '../../settings/setting.ts';
import { ALL_SETTINGS, settingsOf } from '../../settings/settings.ts';
import type { Command } from './command.ts';
import { COMMANDS } from './commands.ts';

const COLUMNS = 80;
const PRECEDENCE =
  'A flag wins over the environment, the environment over the default. Durations and sizes carry their unit.';

/** What `tidemark --help` prints: every command and every setting. */
export function helpText(): string {
  return page([
    'Tidemark watches the memory of BullMQ workers and restarts the Heroku dynos whose memory will never come back.',
    '',
    'Usage:',
    ...COMMANDS.flatMap((command) => entry(usageOf(command), [command.meaning])),
    '',
    '"tidemark COMMAND --help" shows the flags and settings of one command.',
    'In a clone, or in an app that has the package: npx tidemark COMMAND.',
    '',
    `Settings. ${PRECEDENCE}`,
    ...ALL_SETTINGS.flatMap((setting) => settingLines(setting, true)),
  ]);
}

/** What `tidemark COMMAND --help` prints: what that command reads, and nothing else. */
export function commandHelp(command: Command): string {
  const settings = settingsOf(command.name);
  const flags = command.ownFlags.flatMap(({ name, value, meaning }) =>
    entry(`--${name}${value === null ? '' : ` ${value}`}`, [meaning]),
  );
  const title = command.takesSettings
    ? `Settings that it reads. ${PRECEDENCE}`
    : 'Settings that it reads, from the environment only:';
  return page([
    `Usage: ${usageOf(command)}${flags.length === 0 ? '' : ' [FLAGS]'}`,
    '',
    command.meaning,
    ...(flags.length === 0 ? [] : ['', 'Flags:', ...flags]),
    '',
    title,
    ...settings.flatMap((setting) => settingLines(setting, command.takesSettings)),
  ]);
}

function usageOf({ name, words }: Command): string {
  return `tidemark ${name} ${words}`.trimEnd();
}

function settingLines({ name, flag, readBy, value, fallback, meaning }: Setting<unknown>, showsFlag: boolean) {
  const where = readBy.every((reader) => reader === 'worker') ? '; read in the worker' : '';
  const facts = `${plain(value.form)}; default: ${plain(fallback.text)}${where}`;
  return entry(`${name}${flag === null || !showsFlag ? '' : ` (--${flag})`}`, [plain(meaning), facts]);
}

function entry(title: string, texts: readonly string[]): readonly string[] {
  return [`  ${title}`, ...texts.map((text) => `      ${text}`)];
}

function page(lines: readonly string[]): string {
  return `${lines.map((line) => wrap(line, COLUMNS, 0)).join('\n')}\n`;
}

function plain(markdown: string): string {
  return markdown.replaceAll('`', '');
}
