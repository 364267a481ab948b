import type { Banner } from '../model/banners.ts';
import { numberOf } from '../model/words/sizes.ts';
import { element, keyedList, region, type Shown, setAttribute, setText, shape } from './dom.ts';

/** The dynos must not be pushed off a phone's screen. */
const SHOWN_AT_FIRST = 2;
const SHAPES = { act: 'up', watch: 'pause', quiet: 'ring' } as const;

/** Says what stands in the way, and offers to end a pause or close a breaker. */
export function createBanners(
  resume: (target: string | null) => void,
): (banners: readonly Banner[], isReadOnly: boolean) => void {
  let isReadOnly = true;
  const create = (banner: Banner): Shown<Banner> => {
    const title = element('strong');
    const says = element('span');
    const advice = element('span', { class: 'advice' });
    const button = element('button', { class: 'button', text: 'Resume', attributes: { type: 'button' } });
    button.addEventListener('click', () => resume(banner.resume === 'all' ? null : banner.resume));
    const words = element('p', {}, title, says, advice);
    const node = element('div', { class: 'banner' }, shape(SHAPES[banner.tone]), words, button);
    return {
      node,
      update: (next) => {
        setAttribute(node, 'data-tone', next.tone);
        setText(title, next.title);
        setText(says, next.says);
        setText(advice, next.advice ?? '');
        advice.hidden = next.advice === null;
        button.hidden = isReadOnly || next.resume === null;
        setText(button, next.resume === 'all' ? 'Resume all' : 'Resume');
      },
    };
  };
  const list = element('div', { class: 'banner-list' });
  const more = element('button', { class: 'link', attributes: { type: 'button' } });
  region('banners').append(list, more);
  const show = keyedList<Banner>(list, ({ key }) => key, create);
  let isWhole = false;
  let all: readonly Banner[] = [];
  const showAll = () => {
    const hidden = isWhole ? 0 : Math.max(0, all.length - SHOWN_AT_FIRST);
    show(hidden === 0 ? all : all.slice(0, SHOWN_AT_FIRST));
    more.hidden = hidden === 0;
    setText(more, `${numberOf(hidden, 'more notice')}`);
  };
  more.addEventListener('click', () => {
    isWhole = true;
    showAll();
  });
  return (banners, readOnly) => {
    isReadOnly = readOnly;
    all = banners;
    showAll();
  };
}
