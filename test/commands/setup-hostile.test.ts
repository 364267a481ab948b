import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { runCli } from '../integration/actuator/running-actuator.ts';

const ESCAPE = '\u001b]0;taken\u0007';
const answers = { webUrl: '', targets: '' };
let platform: Server;

beforeEach(async () => {
  platform = createServer((request, response) => {
    const isConfig = request.url?.endsWith('/config-vars');
    const body = isConfig ? { TIDEMARK_TARGETS: answers.targets } : { web_url: answers.webUrl };
    response.setHeader('content-type', 'application/json').end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => platform.listen(0, '127.0.0.1', resolve));
});
afterEach(() => platform.close());

function setup() {
  const { port } = platform.address() as AddressInfo;
  const env = { HEROKU_API_URL: `http://127.0.0.1:${port}`, HEROKU_API_TOKEN: 'HRKU-person' };
  return runCli(['setup', 'my-app:worker', '--actuator', 'my-tidemark'], env);
}

it('prints nothing that a terminal or a shell obeys, whatever the platform answers', async () => {
  Object.assign(answers, {
    webUrl: `https://a.example/${ESCAPE}$(id)'\n\tid`,
    targets: `shop:worker,${ESCAPE}:worker`,
  });
  const { code, stdout } = await setup();
  expect(code).toBe(0);
  expect(stdout).not.toMatch(/[^\P{Cc}\n]/u);
  expect(stdout).toContain('TIDEMARK_TARGETS="$(heroku config:get TIDEMARK_TARGETS -a my-tidemark),my-app:worker"');
  expect(stdout).toContain("TIDEMARK_PUBLIC_URL='https://a.example/%1B]0;taken%07$(id)'\\''id'");
});

it.each(['javascript:alert(1)', 'no address', ''])('takes %j for no address', async (webUrl) => {
  Object.assign(answers, { webUrl, targets: '' });
  const { code, stdout, stderr } = await setup();
  expect([code !== 0, stdout]).toEqual([true, '']);
  expect(stderr).toContain('my-tidemark has no address');
});
