import type { DynoDetail, PastBoot } from '../../web/schema/dyno.ts';
import { type CurveEvents, createCurve } from '../dynos/curve.ts';
import { checksTitle, checkViews, numberRows, pastBootWords } from '../model/dynos/detail-view.ts';
import { jobName } from '../model/jobs-view.ts';
import { growthWords, numberOf } from '../model/words/sizes.ts';
import { element, shape } from '../view/dom.ts';
import { createFacts } from '../view/table.ts';

const SHAPES = { yes: 'check', no: 'cross', unknown: 'ring' } as const;
const QUIET: CurveEvents = { onHover: () => {}, onZoom: () => {}, onReset: () => {} };

/** What must hold before a restart, each with yes, no or not known. */
export function createChecks(detail: DynoDetail, nowMs: number): HTMLElement {
  const items = checkViews(detail.checks, nowMs).map(({ state, word, says, note }) =>
    element(
      'li',
      { attributes: { 'data-state': state } },
      shape(SHAPES[state]),
      element('span', { class: 'hidden', text: `${word}: ` }),
      element('span', { text: says }),
      note === null ? null : element('span', { class: 'note', text: note }),
    ),
  );
  return section(checksTitle(detail), element('ul', { class: 'checks' }, ...items));
}

export function createNumbers(detail: DynoDetail): HTMLElement {
  return section('What the decision rests on', createFacts(numberRows(detail)));
}

/** Which job: the names with the most net growth in this boot. */
export function createSuspectList({ suspects }: DynoDetail): HTMLElement {
  const items = suspects.map((suspect) =>
    element(
      'li',
      {},
      element('b', { text: jobName(suspect) }),
      element('span', { text: suspect.queue, class: 'meta' }),
      element('span', { class: 'number', text: growthWords(suspect.net_bytes) }),
      element('span', { class: 'meta', text: suspect.runs === null ? '' : numberOf(suspect.runs, 'run') }),
    ),
  );
  const list = element('ol', { class: 'suspect-list' }, ...items);
  const none = element('p', { class: 'nothing', text: 'No growth of a job has been measured in this boot.' });
  return section('Jobs that grew it', items.length === 0 ? none : list);
}

/** Earlier boots of the name, each with its curve, until they are destroyed. */
export function createPastBoots(detail: DynoDetail, nowMs: number) {
  const { past_boots, limit_bytes, soft_limit_bytes } = detail;
  const boots = past_boots.map((boot) => {
    const curve = createCurve(`boot ${boot.boot_id}`, 150, 44, QUIET);
    const limits = { limitBytes: limit_bytes, softLimitBytes: soft_limit_bytes };
    const range = { fromMs: boot.first_point_ms, toMs: boot.last_point_ms + 1 };
    curve.show({ curve: boot.curve, marks: [], ...limits }, range);
    return { curve, node: createPastBoot(boot, curve.node, nowMs) };
  });
  const none = element('p', { class: 'nothing', text: 'No earlier boot of this dyno is known.' });
  const list = element('ul', { class: 'past-boots' }, ...boots.map(({ node }) => node));
  return {
    node: section('Past boots', boots.length === 0 ? none : list),
    destroy: () => {
      for (const { curve } of boots) curve.destroy();
    },
  };
}

function createPastBoot(boot: PastBoot, curve: HTMLElement, nowMs: number): HTMLElement {
  const { when, how, memory } = pastBootWords(boot, nowMs);
  return element(
    'li',
    {},
    curve,
    element('div', {}, element('b', { text: when }), element('span', { text: how }), element('span', { text: memory })),
  );
}

function section(title: string, content: HTMLElement): HTMLElement {
  return element('section', { class: 'part' }, element('h3', { text: title }), content);
}
