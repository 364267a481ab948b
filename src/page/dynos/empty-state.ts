import type { PageState } from '../live/state.ts';
import { element, setText } from '../view/dom.ts';

/** What a new user sees: the lines that make a worker report to this actuator. */
export function createEmptyState() {
  const title = element('h3', { text: 'No dyno reports yet' });
  const says = element('p');
  const code = element('code');
  const copy = element('button', { class: 'button small', text: 'Copy', attributes: { type: 'button' } });
  const copied = element('span', { class: 'meta', attributes: { role: 'status' } });
  copy.addEventListener('click', async () => {
    const isCopied = await navigator.clipboard?.writeText(code.textContent ?? '').then(
      () => true,
      () => false,
    );
    setText(copied, isCopied ? 'Copied.' : 'Select the lines and copy them.');
  });
  const lines = element('pre', { attributes: { tabindex: '0', 'aria-label': 'Lines for the worker' } }, code);
  const help = element('ol');
  const node = element('div', { class: 'empty' }, title, says, lines, copy, copied, help);
  help.append(
    element('li', { text: 'Within 20 s the first measurement arrives and its curve begins here.' }),
    element('li', { text: 'Within 10 min Tidemark knows what is normal, and names the class of each dyno.' }),
    element('li', { text: 'If nothing shows: what is refused is said at the top of this page, with what to do.' }),
  );
  return {
    node,
    show: ({ status, dynos, hasDynos }: PageState) => {
      node.hidden = !hasDynos || dynos.size > 0 || status === null;
      if (status === null || node.hidden) return;
      const { over_http, needs_token } = status.ingest;
      setText(says, over_http ? HTTP_WORDS : REDIS_WORDS);
      setText(code, over_http ? httpLines(needs_token) : REDIS_LINES);
    },
  };
}

// No registry has the package yet: "npm install tidemark" would install somebody else's.
const HTTP_WORDS =
  'Install the package in the worker\u2019s app as docs/getting-started.md says, and start the worker with two lines ' +
  '(on Heroku the first is config vars, and the second stands in the Procfile):';
const REDIS_WORDS = 'This actuator reads measurements from Redis. Start the worker with two lines:';
const START = 'node --import tidemark/register worker.js';

function httpLines(needsToken: boolean): string {
  const token = needsToken ? " OTEL_EXPORTER_OTLP_HEADERS='Authorization=Bearer%20YOUR_INGEST_TOKEN'" : '';
  return `export OTEL_EXPORTER_OTLP_ENDPOINT=${location.origin}${token}\n${START}`;
}

const REDIS_LINES = `export TIDEMARK_TRANSPORT=redis\n${START}`;
