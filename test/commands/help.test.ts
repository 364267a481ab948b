import { describe, expect, it } from 'vitest';
import { COMMANDS, findCommand } from '../../src/commands/terminal/commands.ts';
import { commandHelp, helpText } from '../../src/commands/terminal/help.ts';
import { ALL_SETTINGS, settingsOf } from '../../src/settings/settings.ts';

const flat = (text: string) => text.replace(/\s+/g, ' ');
const helpOf = (name: string) => {
  const command = findCommand(name);
  if (command === null) throw new Error(`no command ${name}`);
  return commandHelp(command);
};
const namesIn = (text: string) => [...text.matchAll(/^ {2}([A-Z][A-Z_]+)/gm)].map(([, name]) => name);

describe('tidemark --help', () => {
  it('names every command and every setting, with its flag and its default', () => {
    const text = flat(helpText());
    for (const { name } of COMMANDS) expect(text).toContain(`tidemark ${name}`);
    for (const { name, flag, fallback } of ALL_SETTINGS) {
      expect(text).toContain(flag === null ? `${name} ` : `${name} (--${flag})`);
      expect(text).toContain(`default: ${fallback.text.replaceAll('`', '')}`);
    }
  });

  it('says how to call it where it is not on the PATH, and gives examples that run there', () => {
    expect(flat(helpText())).toContain('npx tidemark COMMAND');
    for (const { name } of COMMANDS) expect(flat(helpOf(name))).not.toMatch(/[|)"] tidemark /);
  });

  it.each<readonly [string, string]>([
    ['tidemark', helpText()],
    ...COMMANDS.map((one) => [one.name, commandHelp(one)] as const),
  ])('of %s fits into 80 columns', (_, text) => {
    expect(text.split('\n').filter((line) => line.length > 80)).toEqual([]);
  });
});

describe('the help of one command', () => {
  it.each(COMMANDS.map(({ name }) => name))('of %s shows the settings that it reads, and no others', (name) => {
    expect(namesIn(helpOf(name))).toEqual(settingsOf(name).map((setting) => setting.name));
  });

  it('shows its own flags, and setting flags only when it takes them', () => {
    expect(helpOf('replay')).toMatch(/^ {2}--quota SIZE$/m);
    expect(helpOf('replay')).toContain('TIDEMARK_WINDOW (--window)');
    expect(helpOf('replay')).not.toContain('HEROKU_API_TOKEN');
    expect(helpOf('status')).toContain('TIDEMARK_ADMIN_TOKEN');
    expect(helpOf('status')).not.toContain('(--port)');
  });
});
