import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { buildPage } from '../../../scripts/build/page.ts';
import { CHROMIUM, installedProgram } from '../../../scripts/installed-program.ts';
import { type Script, type ScriptedActuator, startScriptedActuator } from './scripted-actuator.ts';

/** A page in a real Chromium. */
interface VisitedPage {
  readonly page: Page;
  /** What the browser complained about. */
  readonly problems: readonly string[];
  close(): Promise<void>;
}

/** The page over a scripted actuator. */
export interface OpenPage extends VisitedPage {
  readonly actuator: ScriptedActuator;
}

interface OpenOptions {
  readonly path?: string;
  /** The page's clock can then be moved forward. */
  readonly hasOwnClock?: boolean;
}

export interface Lab {
  open(script?: Partial<Script>, options?: BrowserContextOptions & OpenOptions): Promise<OpenPage>;
  /** The page of an actuator that asks for a token. */
  visit(url: string, token: string): Promise<VisitedPage>;
  close(): Promise<void>;
}

/** The first run on a machine may have to install Chromium. */
export const LAB_LIMIT_MS = 300_000;

/** Builds the page and starts the browser; if there is none, and apt cannot install it, this says what to install. */
export async function openLab(): Promise<Lab> {
  const executablePath = await installedProgram(CHROMIUM);
  const folder = await mkdtemp(join(tmpdir(), 'tidemark-page-'));
  await buildPage(folder);
  // Tests may run as root, for which Chromium has no sandbox; the page is our own.
  const browser: Browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  return {
    open: async (script = {}, { path = '/', hasOwnClock = false, ...options } = {}) => {
      const actuator = await startScriptedActuator(folder, script);
      const { close, ...visited } = await visitIn(browser, options, actuator.url + path, hasOwnClock);
      const closeBoth = async () => {
        await close();
        await actuator.close();
      };
      return { ...visited, actuator, close: closeBoth };
    },
    visit: (url, token) => visitIn(browser, { httpCredentials: { username: 'any', password: token } }, url, false),
    close: async () => {
      await browser.close();
      await rm(folder, { recursive: true });
    },
  };
}

async function visitIn(
  browser: Browser,
  options: BrowserContextOptions,
  url: string,
  hasOwnClock: boolean,
): Promise<VisitedPage> {
  const context = await browser.newContext({ timezoneId: 'UTC', ...options });
  const page = await context.newPage();
  if (hasOwnClock) await page.clock.install();
  const problems: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') problems.push(message.text());
  });
  page.on('pageerror', (error) => problems.push(error.stack ?? String(error)));
  await page.goto(url);
  return { page, problems, close: () => context.close() };
}
