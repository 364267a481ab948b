import { wrap } from '../../model/text/lines.ts';
import { holdings, isGroup } from '../../page/model/actuators.ts';
import { bannersOf, HOLDINGS } from '../../page/model/banners.ts';
import { SORTS } from '../../page/model/dynos/order.ts';
import { scoreboardOf, totalsOf } from '../../page/model/dynos/totals.ts';
import { pillsOf } from '../../page/model/headline.ts';
import { agoWords } from '../../page/model/words/times.ts';
import type { Status } from '../../web/schema/status.ts';
import { detailLines } from './detail.ts';
import { HELP_LINES } from './help.ts';
import { type Model, selectedIndex, selectedView } from './model.ts';
import { paneLines } from './pane.ts';
import { dynoLine, headLine, layoutOf } from './rows.ts';
import { clean, cut, type Line, lineOf, type Span, span } from './text.ts';

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

const PANE_ROWS = 6;
const KEYS = '? help  q quit  j/k move  Enter open  Tab jobs/restarts  / filter  s sort';

/** The whole screen: at most `rows` lines, none wider than `columns`. Only rows that are seen are laid out. */
export function frame(model: Model, size: Size, nowMs: number): readonly Line[] {
  const { columns, rows } = size;
  const top = topLines(model, columns, nowMs);
  const bottom = bottomLines(model, columns).slice(-Math.max(1, rows));
  const body = Math.max(0, rows - top.length - bottom.length);
  const lines = [...top, ...bodyLines(model, columns, body, nowMs)];
  while (lines.length < rows - bottom.length) lines.push([]);
  return [...lines.slice(0, rows - bottom.length), ...bottom];
}

/** The same for output that is no terminal: every dyno, jobs and restarts, and no keys. */
export function report(model: Model, columns: number, nowMs: number): readonly Line[] {
  const pane = (name: Model['pane']) => paneLines({ ...model, pane: name }, columns, PANE_ROWS, nowMs);
  const all = { from: 0, count: model.shown.length, selected: null };
  return [
    ...topLines(model, columns, nowMs),
    ...listLines(model, columns, all, nowMs),
    ...pane('jobs'),
    ...pane('restarts'),
  ];
}

function topLines(model: Model, columns: number, nowMs: number): readonly Line[] {
  const { answers, origin, heardAtMs } = model;
  const title = span(`Tidemark${answers === null ? '' : ` ${answers.status.version}`}`, 'bold');
  if (answers === null) return [lineOf([title, span(`  ${origin}`)], columns), []];
  const facts = pillsOf(answers.status).map(({ name, value, tone }) =>
    span(`  ${name === 'role' || name === 'mode' ? value : `${name} ${value}`}`, tone === 'ok' ? null : tone),
  );
  const totals = totalsOf(answers.status).map(({ value, name, tone }) =>
    span(` ${value} ${name} `, tone === 'ok' ? null : tone),
  );
  const age = span(`  updated ${agoWords(heardAtMs ?? nowMs, nowMs)}`, 'quiet');
  return [
    lineOf([title, age, ...facts, span(`  ${origin}`, 'quiet')], columns),
    lineOf(totals, columns),
    ...holdingsLines(answers.status, columns, nowMs),
    bannerLine(model, columns, nowMs),
  ];
}

/** Which actuator holds what; nothing where there is one. */
function holdingsLines(status: Status, columns: number, nowMs: number): readonly Line[] {
  return isGroup(status) ? [lineOf([span(` ${holdings(status, nowMs).join(' · ')}`, 'quiet')], columns)] : [];
}

/** What stands in the way, the most urgent first; without it what a dry run would have done. */
function bannerLine(model: Model, columns: number, nowMs: number): Line {
  const { answers, fault, heardAtMs } = model;
  if (answers === null || heardAtMs === null) return [];
  if (fault !== null) return lineOf([span(` Old, from ${agoWords(heardAtMs, nowMs)}: ${fault}`, 'act')], columns);
  const banners = bannersOf({ status: answers.status, connection: 'live', heardAtMs, nowMs });
  const [first, ...others] = banners.filter(({ key }) => key !== HOLDINGS);
  if (first !== undefined) {
    const more = others.length === 0 ? '' : ` (+${others.length})`;
    return lineOf([span(` ${first.title}${more}: ${first.says} ${first.advice ?? ''}`.trimEnd(), first.tone)], columns);
  }
  const board = scoreboardOf(answers.status);
  const entries = board?.entries.map(({ value, name }) => `${value} ${name}`) ?? [];
  return lineOf(entries.length === 0 ? [] : [span(` Dry run: ${entries.join(', ')}`, 'quiet')], columns);
}

function bodyLines(model: Model, columns: number, rows: number, nowMs: number): readonly Line[] {
  if (model.answers === null && model.screen === 'list') return waitingLines(model, columns);
  if (model.screen !== 'list') {
    const all =
      model.screen === 'help' ? HELP_LINES.map((text) => lineOf([span(text)], columns)) : opened(model, columns, nowMs);
    const from = Math.max(0, Math.min(model.scroll, all.length - rows));
    return all.slice(from, from + rows);
  }
  const pane = paneLines(model, columns, Math.min(PANE_ROWS, Math.floor(rows / 3)), nowMs);
  const count = Math.max(1, rows - pane.length - 3);
  const at = selectedIndex(model);
  // The selection stays off the edges, and the list moves by whole rows only.
  const from = Math.max(0, Math.min(at - Math.floor(count / 2), model.shown.length - count));
  const list = [...listLines(model, columns, { from, count, selected: at }, nowMs)];
  while (list.length < count + 1) list.push([]);
  return [...list, sentenceLine(model, columns), rule(model, columns, { from, count }), ...pane];
}

/** Before the first answer there is nothing to list: the whole reason fits. */
function waitingLines({ fault }: Model, columns: number): readonly Line[] {
  if (fault === null) return [lineOf([span(' Asking the actuator ...', 'quiet')], columns)];
  const texts = [fault, '', 'It is asked again and again. "tidemark doctor" says what else to check.'];
  return texts.flatMap((text) =>
    wrap(` ${clean(text)}`, columns, 0)
      .split('\n')
      .map((line) => lineOf([span(line)], columns)),
  );
}

function opened(model: Model, columns: number, nowMs: number): readonly Line[] {
  if (model.detail !== null) return detailLines(model.detail, columns, nowMs);
  return [lineOf([span(' Asking the actuator for the dyno ...', 'quiet')], columns)];
}

interface Part {
  readonly from: number;
  readonly count: number;
  readonly selected: number | null;
}

function listLines(model: Model, columns: number, { from, count, selected }: Part, nowMs: number): readonly Line[] {
  if (model.shown.length === 0) return [[], lineOf([span(` ${emptyWords(model)}`)], columns)];
  const visible = model.shown.slice(from, from + count);
  const layout = layoutOf(
    visible,
    columns,
    (model.answers?.status.groups ?? []).some(({ app }, _, [one]) => app !== one?.app),
  );
  const rows = visible.map((view, index) => dynoLine(view, layout, from + index === selected, nowMs));
  return [headLine(layout), ...rows];
}

function emptyWords({ answers, filter, views }: Model): string {
  if (answers === null) return '';
  if (views.length > 0) return `No dyno matches "${filter}": Escape shows all.`;
  return 'No dyno has reported yet: import tidemark/register in the worker; "tidemark doctor" says what is missing.';
}

/** The selected dyno in a whole sentence: its row is too narrow for that. */
function sentenceLine(model: Model, columns: number): Line {
  const view = selectedView(model);
  if (view === null) return [];
  return lineOf([span(` ${view.dyno.dyno}: ${view.usageWords}, ${view.dyno.explanation}`, 'bold')], columns);
}

function rule({ shown, views, sort, filter }: Model, columns: number, { from, count }: Omit<Part, 'selected'>): Line {
  const last = Math.min(shown.length, from + count);
  const of =
    shown.length === views.length
      ? `${shown.length}`
      : `${shown.length} that match "${cut(filter, 20)}", of ${views.length}`;
  const text = shown.length === 0 ? '──' : `── ${from + 1} to ${last} of ${of}, ${SORTS[sort].label.toLowerCase()} `;
  return lineOf([span(text + '─'.repeat(Math.max(0, columns - text.length)), 'quiet')], columns);
}

/** A question, what is typed, or what was said last; otherwise the keys. */
function bottomLines({ asked, isTypingFilter, filter, notice, screen }: Model, columns: number): readonly Line[] {
  const line = (text: string, look: Span['look']) => lineOf([span(text, look)], columns);
  if (asked !== null) {
    const says = wrap(` ${clean(asked.says)}`, columns, 0).split('\n');
    return [...says.map((text) => line(text, 'bold')), line(' Type y for yes, any other key for no. ', 'selected')];
  }
  if (isTypingFilter) return [line(` Filter: ${filter}_   Enter keeps it, Escape drops it`, 'selected')];
  if (notice !== null) return [line(` ${notice}`, 'bold')];
  return [line(screen === 'list' ? ` ${KEYS}` : ' j/k scroll  Escape back  R restart  q quit', 'quiet')];
}
