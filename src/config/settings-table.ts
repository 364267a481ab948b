import type { Setting } from '../settings/setting.ts';
import { ALL_SETTINGS } from '../settings/settings.ts';

/** The settings table of the documentation, in Markdown. */
export function settingsTable(): string {
  const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const head = ['Setting', 'Flag', 'Read in', 'Form', 'Default', 'Meaning'];
  const rows = ALL_SETTINGS.map((setting) => [
    `\`${setting.name}\``,
    setting.flag === null ? '' : `\`--${setting.flag}\``,
    readIn(setting),
    setting.value.form,
    setting.fallback.text,
    setting.meaning,
  ]);
  return [head, head.map(() => '---'), ...rows].map(row).join('\n');
}

function readIn({ readBy }: Setting<unknown>): string {
  if (!readBy.includes('worker')) return 'actuator';
  return readBy.length === 1 ? 'worker' : 'both';
}
