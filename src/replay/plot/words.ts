import { formatDuration } from '../../model/text/format.ts';
import { type Loop, MARGIN_PX, type Panel, WIDTH_PX } from './frame.ts';
import { restartsOf } from './restarts.ts';
import { CHARACTER_PX } from './svg.ts';

const COLUMNS = Math.floor((WIDTH_PX - 2 * MARGIN_PX) / CHARACTER_PX);
const MAX_LISTED = 10;
const OPEN_LOOP =
  'The series continues as it was recorded: after a real first restart the later ones might not be needed.';
const NOT_JUDGED = 'After its restart the recording continues without it: drawn here, and not assessed.';

/** The restarts in words; without a restart, the last decision. */
export function listOf(panel: Panel, loop: Loop): readonly string[] {
  const restarts = restartsOf(panel);
  const last = panel.judged.at(-1)?.decision;
  if (restarts.length === 0)
    return last === undefined ? [] : wrap(`No restart. At the end: ${last.class}, ${last.reason}: ${last.explanation}`);
  const lines = restarts.slice(0, MAX_LISTED).flatMap(({ timeMs, reason, explanation }, index) => {
    return wrap(`${index + 1}  after ${formatDuration(timeMs - panel.startMs)}, ${reason}: ${explanation}`);
  });
  if (restarts.length > MAX_LISTED) lines.push(`and ${restarts.length - MAX_LISTED} more`);
  if (loop === 'open' && last?.action === 'restart') lines.push(NOT_JUDGED);
  else if (loop === 'open' && restarts.length > 1) lines.push(OPEN_LOOP);
  return lines;
}

/** Breaks at spaces, and indents the lines after the first. */
function wrap(sentence: string): readonly string[] {
  const lines: string[] = [];
  let open = '';
  for (const word of sentence.split(' ')) {
    if (open.length + 1 + word.length > COLUMNS && open.trim() !== '') {
      lines.push(open);
      open = `    ${word}`;
    } else open = open === '' ? word : `${open} ${word}`;
  }
  return [...lines, open];
}
